internal import Decisions
internal import Engine
internal import Platform
internal import Values

/// What `decide` shows while it works and keeps for its end: the output file in input order, the
/// table, the bad lines.
struct DecideReport: JobObserver {
    private let terminal: Terminal
    private let engine: DecisionEngine
    private let scope: String
    private var projection = Projection()
    private var output: OutputFile
    private var bar: ProgressBar
    private(set) var table = RouteTable()
    private(set) var refused: [BadLine] = []
    private(set) var refusedCount = 0
    private var note = ""
    private var toldOfOutage = false
    private var fraction: Double?

    init(terminal: Terminal, engine: DecisionEngine, scope: String, output: OutputFile) {
        self.terminal = terminal
        self.engine = engine
        self.scope = scope
        self.output = output
        bar = ProgressBar(terminal, at: engine.now)
    }

    mutating func finished(_ line: JobLine, _ result: LineResult) async throws {
        let key = line.step.key?.key ?? "\(line.number)"
        switch result {
        case .settled(let view):
            table.add(view.record)
            projection.add(
                place: line.place,
                key: key,
                line: OutputLine(key: key, view: view).bytes
            )
        case .refused(let message):
            refusedCount += 1
            if refused.count < Limits.badLinesShown {
                refused.append(BadLine(line: line.number, message: message))
            }
            projection.add(place: line.place, key: key, line: nil)
        }
        try await writeDue()
        bar.show(done: table.total, fraction: fraction, note: note, at: engine.now)
    }

    mutating func waiting(_ count: Int, until: Instant?, because: String) {
        note = count == 0 ? "" : "\(count) wait for a model"
        guard !toldOfOutage, count > 0 else { return }
        toldOfOutage = true
        bar.finish()
        terminal.note(
            "no model could be reached (\(because)); such steps stay asking, are asked again, and "
                + "then go where the policy's on_failure says"
        )
    }

    mutating func read(_ fraction: Double?) { self.fraction = fraction }

    /// Clears the bar before an error is told.
    mutating func abandon() { bar.finish() }

    /// Writes what is left and clears the bar.
    mutating func finish() async throws {
        bar.finish()
        try await writeDue()
        try output.finish()
    }

    private mutating func writeDue() async throws {
        while let due = projection.takeDue() {
            switch due {
            case .line(let line): try output.write(line)
            case .stored(let keys):
                let views = try await engine.views(scope: scope, keys: keys)
                for key in keys {
                    guard let view = views[key] else {
                        throw CommandFailure.unavailable(
                            "the decision of line '\(key)' is missing from the store"
                        )
                    }
                    try output.write(OutputLine(key: key, view: view).bytes)
                }
            }
        }
    }
}
