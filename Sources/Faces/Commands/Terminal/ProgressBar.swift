internal import Values

/// A bar on standard error that shows how far long work has come; silent where there is no
/// terminal.
struct ProgressBar: Sendable {
    private static let redrawEvery = Duration.milliseconds(100)

    private let terminal: Terminal
    private let startedAt: Instant
    private var drawnAt: Instant?

    init(_ terminal: Terminal, at now: Instant) {
        self.terminal = terminal
        startedAt = now
    }

    /// Redraws at most ten times a second.
    ///
    /// `fraction` is unknown while input still streams in.
    mutating func show(done: Int, fraction: Double?, note: String, at now: Instant) {
        guard terminal.showsProgress else { return }
        if let drawnAt, now - drawnAt < Self.redrawEvery { return }
        drawnAt = now
        terminal.draw("\r" + line(done: done, fraction: fraction, note: note, at: now) + "\u{1B}[K")
    }

    /// Clears the line so that what follows starts clean.
    mutating func finish() {
        guard drawnAt != nil else { return }
        drawnAt = nil
        terminal.draw("\r\u{1B}[K")
    }

    func line(done: Int, fraction: Double?, note: String, at now: Instant) -> String {
        let seconds = max(0.001, Double((now - startedAt).wholeMicroseconds) / 1e6)
        let rate = Int(Double(done) / seconds)
        var text = "\(done) decided, \(rate)/s"
        if let fraction, fraction > 0 {
            let left = Int(seconds / fraction * (1 - fraction))
            text += ", \(left / 60):\(padded(Int64(left % 60), 2)) left"
        }
        if !note.isEmpty { text += ", \(note)" }
        guard let fraction else { return String(text.prefix(terminal.width - 1)) }
        let room = min(30, min(terminal.width, 120) - text.count - 10)
        guard room >= 10 else { return String(text.prefix(terminal.width - 1)) }
        let filled = Int((Double(room) * min(1, max(0, fraction))).rounded())
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: room - filled)
        return "\(bar) \(Int(fraction * 100)) % \(text)"
    }
}
