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
        guard text.hasPrefix("/") else {
            throw JSONPointerError(message: "a JSON pointer begins with '/'; got '\(text)'")
        }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var token = ""
            var rest = part[...]
            while let character = rest.popFirst() {
                guard character == "~" else {
                    token.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "0": token.append("~")
                case "1": token.append("/")
                default:
                    throw JSONPointerError(
                        message: "'~' in a JSON pointer is written '~0', and '/' is '~1'"
                    )
                }
            }
            tokens.append(token)
        }
        self.tokens = tokens
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
        tokens.map { token in
            "/"
                + token.split(separator: "~", omittingEmptySubsequences: false)
                .joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
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
