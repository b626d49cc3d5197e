internal import Platform
internal import Values

/// All figures and loads of a run.
struct Report: Sendable {
    private(set) var figures: [Figure]
    private(set) var loads: [LoadRow]

    init(figures: [Figure] = [], loads: [LoadRow] = []) {
        self.figures = figures
        self.loads = loads
    }

    mutating func add(_ other: Report) {
        figures += other.figures
        loads += other.loads
    }

    /// Two tables for people.
    var text: String {
        var text = table(Figure.heads, figures.map(\.cells))
        if !loads.isEmpty { text += "\n" + table(LoadRow.heads, loads.map(\.cells)) }
        return text
    }

    var json: JSON {
        ["figures": .array(figures.map(\.json)), "loads": .array(loads.map(\.json))]
    }
}

/// One line on standard error that says what is being measured; silent where there is no terminal.
struct Progress: Sendable {
    private static let width = 30

    private let isShown = Process.isTerminal(.error)

    /// `fraction` is how much of it is done, where that is known.
    func show(_ what: String, fraction: Double? = nil) {
        guard isShown else { return }
        let bar = fraction.map { fraction -> String in
            let filled = Int((Double(Self.width) * min(1, max(0, fraction))).rounded())
            return String(repeating: "█", count: filled)
                + String(repeating: "░", count: Self.width - filled)
                + " \(Int(fraction * 100)) % "
        }
        Process.write("\r\(bar ?? "")\(what)\u{1B}[K", to: .error)
    }

    func finish() {
        if isShown { Process.write("\r\u{1B}[K", to: .error) }
    }
}
