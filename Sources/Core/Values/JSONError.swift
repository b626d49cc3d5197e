/// Why bytes are no JSON value, and where.
package struct JSONError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case empty
        case unexpected
        case unterminated
        case invalidUTF8
        case invalidEscape
        case invalidNumber
        case numberRange
        case duplicateName
        case tooDeep
        case tooLarge
        case trailing
    }

    package let code: Code
    /// One sentence without a full stop: what is wrong and what was expected.
    package let message: String
    /// What to write instead, when known.
    package let fix: String?
    package let position: SourcePosition
    /// The value being read.
    package let pointer: JSONPointer

    package init(
        _ code: Code,
        _ message: String,
        fix: String? = nil,
        position: SourcePosition,
        pointer: JSONPointer
    ) {
        self.code = code
        self.message = message
        self.fix = fix
        self.position = position
        self.pointer = pointer
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        let place = "line \(position.line), column \(position.column)"
        let inside = pointer.tokens.isEmpty ? "" : " in \(pointer)"
        return "\(place)\(inside): \(message)" + (fix.map { "; \($0)" } ?? "")
    }
}
