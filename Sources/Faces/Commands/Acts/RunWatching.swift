internal import Engine
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate run watch`: on a terminal the run's page, drawn anew as it goes on; else a line for each
/// event.
enum RunWatching {
    static func run(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .reader)
        let id = try await RunArguments.run(call.arguments[0], opened)
        let isDrawn = Process.isTerminal(.output) && !call.wantsJSON
        var drawing = Drawing()
        var number: Int64 = 1
        while true {
            let view = try await opened.runDesk.view(id)
            if isDrawn {
                drawing.show(RunPage(view, at: Process.now).lines(.standard))
            } else {
                number = try await tell(view, from: number, opened, call)
            }
            switch view.run.state {
            case .completed: return .success
            case .failed, .cancelled: return .refused
            default: try await SystemClock().sleep(for: Limits.runPause)
            }
        }
    }

    /// Prints what has happened since; the number of the next event.
    private static func tell(
        _ view: RunView,
        from number: Int64,
        _ opened: OpenStore,
        _ call: Invocation
    ) async throws -> Int64 {
        let page = HistoryPage(view)
        var next = number
        while next <= view.run.history {
            let events = try await opened.store.history(
                of: view.run.id,
                from: next,
                limit: Limits.page
            )
            for event in events {
                if call.wantsJSON {
                    Terminal.standard.print(page.json(event).compactText)
                } else {
                    Terminal.standard.print(page.line(event, width: Terminal.standard.width))
                }
            }
            guard let last = events.last else { break }
            next = last.number + 1
        }
        return next
    }
}

/// Lines that are drawn over those before them, without a flicker.
private struct Drawing {
    private var drawn: [String] = []

    mutating func show(_ lines: [String]) {
        let height = max(2, (Process.terminalHeight ?? 24) - 1)
        let shown =
            lines.count <= height
            ? lines : Array(lines.prefix(height - 1)) + ["… \(lines.count - height + 1) more"]
        guard shown != drawn else { return }
        var text = drawn.isEmpty ? "" : "\u{1B}[\(drawn.count)A\r"
        for line in shown { text += line + "\u{1B}[K\n" }
        Process.write(text + "\u{1B}[J", to: .output)
        drawn = shown
    }
}
