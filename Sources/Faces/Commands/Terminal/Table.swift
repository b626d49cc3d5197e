/// Rows and columns that fit the terminal: the widest column gives way first.
struct Table: Sendable {
    struct Column: Sendable {
        let title: String
        let isNumber: Bool
        /// What people copy, such as an identifier, is never cut.
        let isWhole: Bool

        init(_ title: String, number: Bool = false, whole: Bool = false) {
            self.title = title
            isNumber = number
            isWhole = whole
        }
    }

    private static let gap = 2
    /// No column is cut below this, even where the table then exceeds the terminal.
    private static let narrowest = 8

    let columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(Self.oneLine))
    }

    /// The table's lines, the titles first.
    func lines(width: Int) -> [String] {
        let widths = fitted(to: width)
        return ([columns.map(\.title)] + rows).map { cells in
            var line = ""
            for (index, cell) in cells.enumerated() {
                let text = Self.cut(cell, to: widths[index])
                let pad = String(repeating: " ", count: widths[index] - text.unicodeScalars.count)
                line += columns[index].isNumber ? pad + text : text + pad
                if index < cells.count - 1 { line += String(repeating: " ", count: Self.gap) }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private func fitted(to width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            ([columns[index].title] + rows.map { $0[index] }).map(\.unicodeScalars.count).max() ?? 0
        }
        let gaps = Self.gap * (columns.count - 1)
        while widths.reduce(gaps, +) > width {
            let candidates = widths.indices.filter { !columns[$0].isNumber && !columns[$0].isWhole }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }),
                widths[widest] > Self.narrowest
            else { break }
            widths[widest] -= 1
        }
        return widths
    }

    /// Text that is too wide ends in an ellipsis.
    static func cut(_ text: String, to width: Int) -> String {
        guard text.unicodeScalars.count > width else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(max(0, width - 1)))) + "…"
    }

    /// Control characters could move the cursor or forge a row, so they show as spaces.
    static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
            )
        )
    }
}
