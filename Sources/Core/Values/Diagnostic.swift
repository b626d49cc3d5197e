/// Something a user wrote wrong: where, what was expected, and the fix where one is known.
///
/// A value, not an exception: readers and checkers collect all they find and go on.
package struct Diagnostic: Sendable, Equatable {
    package enum Severity: String, Sendable {
        /// Nothing is decided with a file that has one.
        case error
        case warning
    }

    package let severity: Severity
    /// What a person calls the file.
    package let file: String
    package let position: SourcePosition
    /// How many code points the excerpt underlines, at least one.
    package let length: Int
    /// The source line the position is on.
    package let excerpt: String
    /// One sentence without a full stop: what is wrong and what was expected.
    package let message: String
    /// What to write instead, when known.
    package let fix: String?

    package init(
        _ message: String,
        at range: SourceRange,
        fix: String? = nil,
        severity: Severity = .error
    ) {
        let start = range.start
        let end = range.source.position(at: range.offsets.upperBound)
        self.severity = severity
        file = range.source.name
        position = start
        excerpt = range.source.line(start.line)
        let lineEnd = excerpt.unicodeScalars.count + 1
        length = max(1, (end.line == start.line ? end.column : lineEnd) - start.column)
        self.message = message
        self.fix = fix
    }

    /// `file:line:column: error: message`, the line, a caret under the place, and the fix.
    package var rendered: String {
        var text = "\(file):\(position.line):\(position.column): \(severity): \(message)\n"
        let gutter = String(repeating: " ", count: "\(position.line)".count)
        let pad = excerpt.unicodeScalars.prefix(position.column - 1).map { $0 == "\t" ? "\t" : " " }
        let carets = String(repeating: "^", count: length)
        text += " \(position.line) | \(excerpt)\n \(gutter) | \(pad.joined())\(carets)"
        if let fix { text += "\n \(gutter) = fix: \(fix)" }
        return text
    }
}

/// What is wrong with one or more files: at least one error, ordered by file and place.
package struct Diagnostics: Error, Sendable, Equatable {
    package let list: [Diagnostic]

    /// Orders the list and keeps the first `Limits.diagnostics`.
    package init(_ list: [Diagnostic]) {
        let ordered = list.sorted { ($0.file, $0.position) < ($1.file, $1.position) }
        self.list = Array(ordered.prefix(Limits.diagnostics))
    }

    package var rendered: String { list.map(\.rendered).joined(separator: "\n\n") }
}
