internal import Platform
internal import Values

/// The one place that prints: results to standard output, everything about them to standard error.
struct Terminal: Sendable {
    let width: Int
    /// Whether standard error is a terminal, so that a progress bar makes sense.
    let showsProgress: Bool
    private let colours: Bool

    /// Colour only on a terminal, and never where `NO_COLOR` is set.
    static let standard = Terminal(
        width: Process.terminalWidth,
        showsProgress: Process.isTerminal(.error),
        colours: Process.isTerminal(.output) && Process.environment("NO_COLOR") == nil
    )

    init(width: Int, showsProgress: Bool, colours: Bool) {
        self.width = width
        self.showsProgress = showsProgress
        self.colours = colours
    }

    func print(_ text: String) { Process.write(text + "\n", to: .output) }

    func print(_ json: JSON) { print(json.prettyText) }

    func note(_ text: String) { Process.write(text + "\n", to: .error) }

    /// Text to standard error without a line's end: what a progress bar redraws.
    func draw(_ text: String) { Process.write(text, to: .error) }

    func bold(_ text: String) -> String { styled(text, "1") }
    func red(_ text: String) -> String { styled(text, "31") }
    func green(_ text: String) -> String { styled(text, "32") }
    func dim(_ text: String) -> String { styled(text, "2") }

    private func styled(_ text: String, _ code: String) -> String {
        colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
