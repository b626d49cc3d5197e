internal import Decisions
internal import Values
internal import Webhooks

extension DecisionRecord {
    /// With its input, its output and every entry, as far as they were not redacted, and with what
    /// became of its callback.
    func explained(_ entries: [StoredEntry], _ callback: Callback?) -> JSON {
        func payload(_ name: String, _ sequence: Int64) -> JSON {
            entries.first { $0.sequence == sequence }?.payload.value(name) ?? .null
        }
        let told = entries.map { entry -> JSON in
            (try? JSON.read(entry.bytes)) ?? .null
        }
        guard let own = json.object else { preconditionFailure("a record is an object") }
        let explained =
            own.setting("input", to: payload("/input", links.input))
            .setting(
                "output",
                to: state == .decided ? payload("/output", links.output) : .null
            )
            .setting("entries", to: .array(told))
        return .object(callback.map { explained.setting("callback", to: $0.json) } ?? explained)
    }
}
