/// A key that reaches the wire in a header and nowhere else.
///
/// Every way Swift prints a value (interpolation, `print`, `dump`, reflection, a debugger's
/// summary) shows `<secret>`, also of values that hold one. It is not `Encodable` or `Equatable`.
package struct Secret: Sendable {
    private let value: String

    /// Throws when the text cannot be a header's value: empty, or with control characters.
    package init(_ value: String) throws(ModelError) {
        guard !value.isEmpty else { throw .secret("the key is empty") }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .secret("the key holds a line break or another control character")
        }
        self.value = value
    }

    /// Lends the text to the one who builds the header; it must not be kept.
    package func withValue<Result>(_ use: (String) -> Result) -> Result { use(value) }

    /// The bytes with every occurrence of the key replaced, for what a server may have echoed: as it
    /// is, or with its slashes escaped as some write them in JSON.
    package func redacting(_ bytes: [UInt8]) -> [UInt8] {
        let plain = redacting(Array(value.utf8), in: bytes)
        guard value.utf8.contains(UInt8(ascii: "/")) else { return plain }
        let escaped = value.split(separator: "/", omittingEmptySubsequences: false)
        return redacting(Array(escaped.joined(separator: "\\/").utf8), in: plain)
    }

    private func redacting(_ key: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard var next = firstIndex(of: key, in: bytes, from: 0) else { return bytes }
        var clean: [UInt8] = []
        var start = 0
        while true {
            clean += bytes[start..<next]
            clean += "<secret>".utf8
            start = next + key.count
            guard let found = firstIndex(of: key, in: bytes, from: start) else { break }
            next = found
        }
        return clean + bytes[start...]
    }

    private func firstIndex(of key: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        let first = key[0]
        while index + key.count <= bytes.count {
            if bytes[index] == first, bytes[index..<index + key.count].elementsEqual(key) {
                return index
            }
            index += 1
        }
        return nil
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where a key comes from: asked each time it is used, so that a changed one counts at once.
package struct SecretKey: Sendable {
    private let source: @Sendable () throws(ModelError) -> Secret

    package init(_ source: @escaping @Sendable () throws(ModelError) -> Secret) {
        self.source = source
    }

    /// The key as it is now.
    func current() throws(ModelError) -> Secret { try source() }
}
