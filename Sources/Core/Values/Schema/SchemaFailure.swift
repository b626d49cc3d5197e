/// One way in which a value does not fit its schema.
package struct SchemaFailure: Sendable, Equatable {
    /// The value in question.
    package let pointer: JSONPointer
    /// The keyword it fails.
    package let keyword: String
    /// What was expected and what was there, without a full stop.
    package let message: String

    package init(_ pointer: JSONPointer, _ keyword: String, _ message: String) {
        self.pointer = pointer
        self.keyword = keyword
        self.message = message
    }
}

extension SchemaFailure: CustomStringConvertible {
    package var description: String {
        pointer.tokens.isEmpty ? message : "\(pointer): \(message)"
    }
}
