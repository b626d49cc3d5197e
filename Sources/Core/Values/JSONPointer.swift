/// A place in a JSON value (RFC 6901).
package struct JSONPointer: Sendable, Hashable {
    package let tokens: [String]

    package init(tokens: [String] = []) { self.tokens = tokens }

    /// Reads `/a/b~1c`; the empty text is the whole value.
    package init(_ text: String) throws(JSONPointerError) {
        if text.isEmpty {
            tokens = []
            return
        }
        // By bytes: a mark that joins the character before it must not hide a '/' or '~'.
        let parts = text.utf8.split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        guard parts.first?.isEmpty == true else {
            throw JSONPointerError(message: "a JSON pointer begins with '/'; got '\(text)'")
        }
        var tokens: [String] = []
        for part in parts.dropFirst() { tokens.append(try Self.token(part)) }
        self.tokens = tokens
    }

    private static func token(_ part: Substring.UTF8View) throws(JSONPointerError) -> String {
        var token: [UInt8] = []
        var rest = part[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                token.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
            default:
                throw JSONPointerError(
                    message: "'~' in a JSON pointer is written '~0', and '/' is '~1'"
                )
            }
        }
        return String(decoding: token, as: UTF8.self)
    }

    /// The place of a member of this place's object.
    package func appending(_ token: String) -> JSONPointer {
        JSONPointer(tokens: tokens + [token])
    }

    /// The place of an element of this place's array.
    package func appending(_ index: Int) -> JSONPointer { appending(String(index)) }
}

/// Why a text is no pointer.
package struct JSONPointerError: Error, Sendable, Equatable {
    package let message: String
}

extension JSONPointer: CustomStringConvertible {
    package var description: String {
        var bytes: [UInt8] = []
        for token in tokens {
            bytes.append(UInt8(ascii: "/"))
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): bytes += "~0".utf8
                case UInt8(ascii: "/"): bytes += "~1".utf8
                default: bytes.append(byte)
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSON {
    /// The value at that place, if there is one.
    package subscript(pointer: JSONPointer) -> JSON? {
        var value: JSON? = self
        for token in pointer.tokens { value = value?.child(token) }
        return value
    }

    /// This value with another at that place; unchanged where there is no such place.
    package func replacing(_ pointer: JSONPointer, with other: JSON) -> JSON {
        replacing(pointer.tokens[...], with: other)
    }

    private func child(_ token: String) -> JSON? {
        switch self {
        case .object(let object): return object[token]
        case .array(let elements):
            guard let index = Self.index(token), index < elements.count else { return nil }
            return elements[index]
        default: return nil
        }
    }

    private func replacing(_ tokens: ArraySlice<String>, with other: JSON) -> JSON {
        guard let token = tokens.first else { return other }
        guard let child = child(token) else { return self }
        let changed = child.replacing(tokens.dropFirst(), with: other)
        switch self {
        case .object(let object): return .object(object.setting(token, to: changed))
        case .array(var elements):
            guard let index = Self.index(token) else { return self }
            elements[index] = changed
            return .array(elements)
        default: return self
        }
    }

    /// An array index as RFC 6901 writes it: no sign, no leading zero.
    private static func index(_ token: String) -> Int? {
        guard token.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        if token.utf8.count > 1, token.hasPrefix("0") { return nil }
        return Int(token)
    }
}
