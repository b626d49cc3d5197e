package import Values

extension SourceText {
    /// The text of a file's bytes; one diagnostic at the first byte that is not UTF-8.
    package static func decoding(
        name: String,
        bytes: [UInt8]
    ) throws(Diagnostics) -> SourceText {
        guard let bad = firstInvalidUTF8(bytes) else {
            return SourceText(name: name, text: String(decoding: bytes, as: UTF8.self))
        }
        let readable = SourceText(name: name, text: String(decoding: bytes[..<bad], as: UTF8.self))
        throw Diagnostics([
            Diagnostic(
                "the byte 0x\([bytes[bad]].hex) is not UTF-8",
                at: SourceRange(readable, bad..<bad),
                fix: "save the file as UTF-8"
            )
        ])
    }
}
