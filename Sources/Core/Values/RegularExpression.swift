internal import CRegex

/// A regular expression in RE2's syntax, compiled once and matched in time linear in the text.
@safe
package final class RegularExpression: Sendable {
    /// Bytes one compiled expression may take.
    private static let memory: Int64 = 8 << 20

    package let pattern: String
    // RE2 promises that a compiled expression may be matched from any thread.
    nonisolated(unsafe) private let raw: OpaquePointer

    package struct SyntaxError: Error, Sendable, Equatable {
        /// RE2's own words.
        package let message: String
    }

    package init(_ pattern: String) throws(SyntaxError) {
        self.pattern = pattern
        let bytes = Array(pattern.utf8CString)
        guard let raw = unsafe stepgate_regex_new(bytes, bytes.count - 1, Self.memory) else {
            throw SyntaxError(message: "there is no memory for the expression")
        }
        unsafe self.raw = raw
        if let error = unsafe stepgate_regex_error(raw) {
            throw SyntaxError(message: unsafe String(cString: error))
        }
    }

    deinit { unsafe stepgate_regex_free(raw) }

    /// Whether it occurs anywhere in the text.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { chars in
                unsafe stepgate_regex_matches(raw, chars.baseAddress, chars.count) == 1
            }
        }
    }

    /// How many groups it captures.
    package var groupCount: Int { unsafe Int(stepgate_regex_groups(raw)) }

    /// The bytes of its first match from a place on, and those of each group that took part.
    package func firstMatch(in text: [UInt8], from start: Int) -> [Range<Int>?]? {
        var ranges = [stepgate_regex_range](
            repeating: stepgate_regex_range(start: -1, end: -1),
            count: 1 + groupCount
        )
        let isFound = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { chars in
                unsafe stepgate_regex_find(
                    raw,
                    chars.baseAddress,
                    chars.count,
                    start,
                    &ranges,
                    ranges.count
                ) == 1
            }
        }
        guard isFound else { return nil }
        return ranges.map { $0.start < 0 ? nil : Int($0.start)..<Int($0.end) }
    }
}
