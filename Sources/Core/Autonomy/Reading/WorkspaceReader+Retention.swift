internal import Values

extension WorkspaceReader {
    /// How long what has ended is kept, as `retention:` says.
    mutating func retention(_ written: Node?) -> Retention {
        guard let written, let node = reader.mapping(written, "'retention'", keys: ["runs"]),
            let runs = node["runs"],
            let states = reader.mapping(
                runs,
                "'runs'",
                keys: ["completed", "failed", "cancelled"]
            )
        else { return Retention() }
        return Retention(
            runs: Retention.Runs(
                completed: age("completed", in: states),
                failed: age("failed", in: states),
                cancelled: age("cancelled", in: states)
            )
        )
    }

    private mutating func age(_ state: String, in states: Node) -> Duration? {
        guard let node = states[state], let age = reader.duration(node, "'\(state)'") else {
            return nil
        }
        guard Limits.retention.contains(age) else {
            reader.error(
                "'\(state)' is from 1h to \(Limits.retentionDays)d; got "
                    + (node.fragment?.text ?? ""),
                node.range,
                fix: age < Limits.retention.lowerBound
                    ? "write '1h'" : "leave it out, and they are kept for ever"
            )
            return nil
        }
        return age
    }
}
