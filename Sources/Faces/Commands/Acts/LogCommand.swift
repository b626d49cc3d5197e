internal import Decisions
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate log verify`.
enum LogCommand {
    static let specification = CommandSpecification(
        "log verify",
        "Recomputes the whole log and finds any change, insertion, swap or removal in it.",
        options: [
            OptionSpecification(
                "--head",
                "N:HASH",
                "a head kept elsewhere: also finds a removed end"
            )
        ],
        examples: ["stepgate log verify", "stepgate log verify --head 1200:9f86d081884c7d65…"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .reader)
        var heads = try HeadsFile(opened.path).read()
        if let text = call["--head"] {
            guard let head = ChainHead(text) else {
                throw CommandFailure.usage("--head is N:HASH as 'decide' prints it; got '\(text)'")
            }
            heads.append(head)
        }
        let total = try await opened.store.head().count
        var verification = Verification(against: heads)
        var bar = ProgressBar(.standard, at: SystemClock().now)
        var next: Int64 = 1
        while true {
            let entries = try await opened.store.entries(from: next, limit: Limits.page)
            guard let last = entries.last else { break }
            for entry in entries { verification.add(entry) }
            next = last.sequence + 1
            let fraction = total > 0 ? Double(next) / Double(total) : nil
            bar.show(done: Int(next), fraction: fraction, note: "", at: SystemClock().now)
        }
        verification.finish()
        bar.finish()
        report(verification, heads: heads.count, call)
        return verification.isWhole ? .success : .refused
    }

    private static func report(_ verification: Verification, heads: Int, _ call: Invocation) {
        let terminal = Terminal.standard
        if call.wantsJSON {
            terminal.print(
                [
                    "whole": .bool(verification.isWhole),
                    "head": .string(verification.head.description),
                    "entries": .int(verification.head.count), "heads": .int(Int64(heads)),
                    "payload_parts": .int(Int64(verification.payloadParts)),
                    "redacted_parts": .int(Int64(verification.redactedParts)),
                    "findings": .array(verification.findings.map { .string($0.description) }),
                ]
            )
            return
        }
        for finding in verification.findings { terminal.print(terminal.red(finding.description)) }
        let counts =
            "\(verification.head.count) entries, \(verification.payloadParts) payload parts, "
            + "\(verification.redactedParts) redacted, \(heads) kept heads"
        terminal.print(
            verification.isWhole
                ? terminal.green("the log is whole") + ": \(counts)"
                : "\(verification.findings.count) findings: \(counts)"
        )
        terminal.print("head \(verification.head)")
    }
}
