internal import Autonomy
internal import Decisions
internal import Engine
internal import Platform
internal import Telemetry
internal import Values

/// Says when a watched folder is worth reading: once it changed and then kept still for one look,
/// so that half of an editor's save is not taken for a release.
struct FolderStillness: Equatable {
    private var seen: [String: FileStamp]?
    private var acted: [String: FileStamp]?

    /// Takes what a look found; yes when the folder should be read now.
    mutating func looked(_ stamps: [String: FileStamp]) -> Bool {
        defer { seen = stamps }
        guard seen == stamps, acted != stamps else { return false }
        acted = stamps
        return true
    }

    /// The reading failed, so the same state is read again.
    mutating func failed() { acted = nil }
}

/// `serve --watch`: each valid change of the folder goes live; a broken one is told and left alone.
struct FolderWatch: Sendable {
    let folder: String
    let desk: ReleaseDesk
    let service: DecisionService
    let person: String
    let observation: Observation

    init(
        _ running: RunningEngine,
        _ service: DecisionService,
        _ observation: Observation,
        _ call: Invocation
    ) {
        folder = Location(call).folder
        desk = running.releaseDesk
        self.service = service
        person = Person.of(call)
        self.observation = observation
    }

    func run() async {
        var stillness = FolderStillness()
        var told: String?
        while !Task.isCancelled {
            do {
                if stillness.looked(try WorkspaceFolder.stamps(folder)) {
                    try await take(try WorkspaceFolder.read(folder))
                    told = nil
                }
            } catch let error as FileError where error.code == .missing {
                // A file went away between the look and the reading: the next look sees it.
                stillness.failed()
            } catch {
                stillness.failed()
                let message = CommandFailure(error).message
                if message != told { observation.tell(.error, "watch_failed", "watch: \(message)") }
                told = message
            }
            do {
                try await SystemClock().sleep(for: Limits.watchPause)
            } catch {
                return
            }
        }
    }

    private func take(_ files: WorkspaceFiles) async throws {
        let check = WorkspaceFolder.check(files)
        guard let workspace = check.workspace else {
            observation.tell(Diagnostics(check.diagnostics))
            observation.tell(
                .error,
                "watch_refused",
                "watch: this change does not check, so release "
                    + "\(service.engine.live.digest.hex.prefix(12)) keeps serving"
            )
            return
        }
        guard workspace.release.digest != service.engine.live.digest else { return }
        _ = try await desk.keep(workspace.release, text: nil, by: person)
        _ = try await desk.promote(workspace.release.digest, .watched, by: person)
        try await service.follow()
    }
}
