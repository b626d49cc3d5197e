internal import Decisions
internal import Engine
internal import Values

/// One line of a job's output: what a program that called `decide` reads.
struct OutputLine {
    let key: String
    let view: DecisionView

    /// The members in the order they are printed; the key first, so that the file is known by it.
    var json: JSON {
        let record = view.record
        return .object(
            JSONObject(uniqueMembers: [
                .init("key", .string(key)),
                .init("decision", .string(record.id.description)),
                .init("state", .string(record.state.rawValue)),
                .init("route", (record.route?.rawValue).map(JSON.string) ?? .null),
                .init("output", output),
                .init("confidence", record.confidence.map(JSON.double) ?? .null),
                .init("threshold", record.threshold.map(JSON.double) ?? .null),
                .init("because", .string(record.because)),
            ])
        )
    }

    /// A draft is no answer: only a decided step has an output here.
    private var output: JSON {
        view.record.state == .decided ? view.output ?? .null : .null
    }

    var bytes: [UInt8] { Array(json.compactText.utf8) }
}
