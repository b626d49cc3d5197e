/// One way in which a value does not fit its schema.
package struct SchemaFailure: Sendable, Equatable {
    /// The value in question; the place of a member that is missing.
    package let pointer: JSONPointer
    /// The keyword it fails; `limit` where a limit ended the validation or the list.
    package let keyword: String
    /// What was expected and what was there, without a full stop.
    package let message: String
    /// Where the keyword stands: a JSON pointer into the schema, behind the address of its document
    /// where that is another one.
    package let schemaPointer: String

    package init(
        _ pointer: JSONPointer,
        _ keyword: String,
        _ message: String,
        schemaPointer: String = ""
    ) {
        self.pointer = pointer
        self.keyword = keyword
        self.message = message
        self.schemaPointer = schemaPointer
    }
}

extension SchemaFailure: CustomStringConvertible {
    package var description: String {
        pointer.tokens.isEmpty ? message : "\(pointer): \(message)"
    }
}
