internal import Engine
internal import Flows
internal import Runs
internal import Storage
internal import Values

/// What happened to a run, a line an event.
struct HistoryPage: Sendable {
    private let view: RunView

    init(_ view: RunView) { self.view = view }

    func json(_ event: HistoryEvent) -> JSON {
        event.json(of: view.run.id) { view.name(of: $0) }
    }

    func line(_ event: HistoryEvent, width: Int) -> String {
        let told = json(event)
        let time = event.at.rfc3339.prefix(19).replacing("T", with: " ")
        var words = [told["step"]?.string].compactMap(\.self)
        if case .acted = event.event {} else { words.append(event.event.word) }
        switch event.event {
        case .claimed(_, _, let by, _): words.append("by \(by)")
        case .succeeded(_, _, .inline(let output)) where output != .null:
            words.append(output.compactText)
        case .failed(_, _, let failure): words.append("(\(failure.kind): \(failure.message))")
        case .waits(_, _, let wait): words.append("for \(wait.kind)")
        case .childrenEnded(_, let succeeded, let failed, _):
            words.append("\(succeeded) succeeded, \(failed) failed")
        case .acted(let act, let by): words.append("\(act.name) by \(by)")
        default: break
        }
        return Table.cut(Table.oneLine("\(time)  \(words.joined(separator: " "))"), to: width)
    }
}
