internal import Autonomy
internal import Decisions
internal import Engine
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate release`, `promote`, `rollback`, `releases` and `release remove`: what is live, and how it came to be.
///
/// They work beside a running `serve`, which follows within a second.
enum ReleaseCommand {
    static let specifications = [
        CommandSpecification(
            "release",
            "Keeps the folder as a release, whole; it is not live before it is promoted.",
            options: [
                OptionSpecification("--note", "TEXT", "what is new in it"), Person.option,
            ],
            examples: [#"stepgate release --note "stricter refunds""#],
            run: release
        ),
        CommandSpecification(
            "promote",
            "Makes a release live: new steps are decided under it, without a restart.",
            arguments: ["RELEASE|draft"],
            options: [
                OptionSpecification("--note", "TEXT", "what is new in it, for a draft"),
                Person.option,
            ],
            examples: ["stepgate promote draft", "stepgate promote 3f9a1c20"],
            run: promote
        ),
        CommandSpecification(
            "rollback",
            "Goes back to the release that was live before.",
            options: [Person.option],
            examples: ["stepgate rollback --as ada"],
            run: rollback
        ),
        CommandSpecification(
            "release remove",
            "Takes a release out of the store that nothing needs any more.",
            arguments: ["RELEASE"],
            options: [Person.option],
            examples: ["stepgate release remove 3f9a1c20 --as ada"],
            run: remove
        ),
        CommandSpecification(
            "releases",
            "Lists the releases kept, the last first, and which is live.",
            options: [OptionSpecification("--limit", "N", "how many (default: 20)")],
            examples: ["stepgate releases", "stepgate releases --json"],
            run: list
        ),
    ]

    private static func release(_ call: Invocation) async throws -> ExitCode {
        let draft = try OpenWorkspace(call)
        let opened = try OpenStore(making: call)
        let note = try await opened.releaseDesk.keep(
            draft.workspace.release,
            text: call["--note"],
            by: Person.of(call)
        )
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(note.json)
        } else {
            Terminal.standard.print(
                "release \(note.release.hex) is kept; "
                    + "'stepgate promote \(note.release.hex.prefix(12))' makes it live"
            )
        }
        return .success
    }

    private static func promote(_ call: Invocation) async throws -> ExitCode {
        let name = call.arguments[0]
        let draft = name == "draft" ? try OpenWorkspace(call) : nil
        if draft == nil, call["--note"] != nil {
            throw CommandFailure.usage("--note goes with 'promote draft'; a release has its note")
        }
        let opened = try OpenStore(making: call)
        let desk = opened.releaseDesk
        let person = Person.of(call)
        let digest: Digest
        if let draft {
            digest = try await desk.keep(
                draft.workspace.release,
                text: call["--note"],
                by: person
            ).release
        } else {
            digest = try await desk.find(name)
        }
        let promotion = try await desk.promote(digest, by: person)
        await opened.store.close()
        tell(promotion, "is live", call)
        return .success
    }

    private static func rollback(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .oneShot)
        let promotion = try await opened.releaseDesk.rollback(by: Person.of(call))
        await opened.store.close()
        tell(promotion, "is live again", call)
        return .success
    }

    private static func remove(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .oneShot)
        let desk = opened.releaseDesk
        let release = try await desk.find(call.arguments[0])
        let removal = try await desk.remove(release, by: Person.of(call))
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(removal.json)
        } else {
            Terminal.standard.print("release \(release.hex) is removed")
        }
        return .success
    }

    private static func tell(_ promotion: Promotion, _ what: String, _ call: Invocation) {
        if call.wantsJSON {
            Terminal.standard.print(promotion.json)
        } else {
            Terminal.standard.print("release \(promotion.release.hex) \(what)")
        }
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let limit = try call.number(
            "--limit",
            in: 1...Engine.Limits.listedReleases,
            default: 20
        )
        let opened = try OpenStore(call, mode: .reader)
        let notes = try await opened.releaseDesk.all().prefix(limit)
        let promotions = try await opened.releaseDesk.promotions()
        await opened.store.close()
        let live = promotions.first?.release
        if call.wantsJSON {
            Terminal.standard.print([
                "live": live.map { .string($0.hex) } ?? .null,
                "releases": .array(notes.map(\.json)),
                "promotions": .array(promotions.prefix(limit).map(\.json)),
            ])
            return .success
        }
        var table = Table([
            .init("release"), .init("kept"), .init("by"), .init("live since"), .init("note"),
        ])
        for note in notes {
            let last = promotions.first { $0.release == note.release }
            let since =
                note.release == live
                ? last.map { "now, since \($0.at.minute)" } : last.map { "was: \($0.at.minute)" }
            table.add([
                String(note.release.hex.prefix(12)),
                note.person.isEmpty ? "before this list" : note.keptAt.minute,
                note.person, since ?? "never", note.text ?? "",
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }
}

extension Instant {
    /// To the minute, as lists show it.
    fileprivate var minute: String { String(rfc3339.prefix(16)).replacing("T", with: " ") }
}
