internal import Engine
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate doctor`.
enum DoctorCommand {
    static let specification = CommandSpecification(
        "doctor",
        "Examines the runs of a store, a live one too, and mends what can be mended.",
        options: [
            OptionSpecification("--dry-run", nil, "only says what is not as it should be")
        ],
        examples: ["stepgate doctor", "stepgate doctor --dry-run --json"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let isMending = !call.has("--dry-run")
        let opened = try OpenStore(call, mode: isMending ? .oneShot : .reader)
        let total = try await opened.store.stageCounts(nil)
            .filter { !$0.place.state.isFinal }.reduce(0) { $0 + $1.count }
        var bar = ProgressBar(.standard, at: SystemClock().now)
        var examined = 0
        let findings = try await opened.runDesk.doctor(isMending: isMending).examine { count in
            examined = count
            let fraction = total > 0 ? min(1, Double(count) / Double(total)) : nil
            bar.show(done: count, fraction: fraction, note: "", at: SystemClock().now)
        }
        bar.finish()
        report(findings, examined: examined, isMending: isMending, call)
        return findings.allSatisfy { $0.mended != nil } ? .success : .refused
    }

    private static func report(
        _ findings: [RunFinding],
        examined: Int,
        isMending: Bool,
        _ call: Invocation
    ) {
        let terminal = Terminal.standard
        if call.wantsJSON {
            terminal.print([
                "examined": .int(Int64(examined)),
                "findings": .array(findings.map(\.json)),
            ])
            return
        }
        for finding in findings {
            let run = finding.run.map { "run \($0): " } ?? ""
            let mended = finding.mended.map { "; mended: \($0)" } ?? ""
            terminal.print("\(run)\(finding.fault)\(mended)")
        }
        let left = findings.count { $0.mended == nil }
        let ends =
            switch (findings.count, left) {
            case (0, _): "nothing is wrong"
            case (_, 0): "\(findings.count) mended"
            default:
                isMending
                    ? "\(left) of \(findings.count) cannot be mended here: 'stepgate run show' and "
                        + "'run retry', 'skip', 'restart' or 'cancel' help"
                    : "\(left) found; without --dry-run they are mended where they can be"
            }
        terminal.print("examined \(examined) live runs: \(ends)")
    }
}

extension RunFinding {
    fileprivate var json: JSON {
        var members: [JSONObject.Member] = [.init("fault", .string(fault))]
        if let run { members.insert(.init("run", .string(run.description)), at: 0) }
        members.append(.init("mended", mended.map(JSON.string) ?? .null))
        return .object(JSONObject(uniqueMembers: members))
    }
}
