internal import Platform
internal import Runs
internal import StorageSQLite
internal import Values

/// `stepgate run forget`: retention.
enum ForgetCommand {
    static let specification = CommandSpecification(
        "run forget",
        "Deletes runs that ended long ago, with all below them; never one of which any is live.",
        options: [
            OptionSpecification("--older", "TIME", "those that ended longer ago, such as 90d"),
            OptionSpecification(
                "--state",
                "A,B",
                "only completed, failed or cancelled ones (default: all three)"
            ),
        ],
        examples: [
            "stepgate run forget --older 90d",
            "stepgate run forget --older 7d --state completed,cancelled --json",
        ],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        guard let age = try RunArguments.time(call, "--older") else {
            throw CommandFailure.usage("run forget needs --older TIME, such as 90d")
        }
        let states = try states(call["--state"])
        let opened = try OpenStore(call, mode: .oneShot)
        let before = Process.now - age
        var bar = ProgressBar(.standard, at: SystemClock().now)
        var count = 0
        while true {
            // A few at a time, so that a server's own writes come in between.
            let forgotten = try await opened.store.forgetRuns(
                endedBefore: before,
                states: states,
                limit: Limits.forgottenAtOnce
            )
            if forgotten == 0 { break }
            count += forgotten
            bar.show(done: count, fraction: nil, note: "", at: SystemClock().now)
        }
        bar.finish()
        if call.wantsJSON {
            Terminal.standard.print(["forgotten": .int(Int64(count))])
        } else {
            Terminal.standard.print("forgot \(count) runs that ended before \(before.rfc3339)")
        }
        return .success
    }

    private static func states(_ text: String?) throws(CommandFailure) -> Set<RunState> {
        let known = RunState.allCases.filter(\.isFinal)
        guard let text else { return Set(known) }
        var states: Set<RunState> = []
        for word in text.split(separator: ",").map({ trimmed(String($0)) }) {
            guard let state = known.first(where: { $0.rawValue == word }) else {
                let words = known.map(\.rawValue).joined(separator: ", ")
                throw .usage("--state takes \(words); got '\(word)'")
            }
            states.insert(state)
        }
        return states
    }
}
