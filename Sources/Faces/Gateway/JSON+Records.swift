internal import Decisions
internal import Engine
internal import Values

extension DecisionView {
    /// What a caller gets: a draft is no answer, so only a decided step has an output.
    var json: JSON {
        guard let own = record.json.object else { preconditionFailure("a record is an object") }
        return .object(
            own.setting("output", to: record.state == .decided ? output ?? .null : .null)
        )
    }
}

extension DecisionRecord {
    /// With its input, its output and every entry, as far as they were not redacted.
    func explained(_ entries: [StoredEntry]) -> JSON {
        func payload(_ name: String, _ sequence: Int64) -> JSON {
            entries.first { $0.sequence == sequence }?.payload.value(name) ?? .null
        }
        let told = entries.map { entry -> JSON in
            (try? JSON.read(entry.bytes)) ?? .null
        }
        guard let own = json.object else { preconditionFailure("a record is an object") }
        return .object(
            own.setting("input", to: payload("/input", links.input))
                .setting(
                    "output",
                    to: state == .decided ? payload("/output", links.output) : .null
                )
                .setting("entries", to: .array(told))
        )
    }
}
