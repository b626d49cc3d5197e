/// Where a decision's result is to be sent: an `http` or `https` URL that every reader reads alike.
package struct CallbackURL: Sendable, Equatable {
    package let text: String
    /// Host and port, in lower case.
    package let authority: String
    /// Whether it can be seen without asking anyone that it leads into a private network.
    ///
    /// A name that resolves to a private address is found out when it is connected to.
    package let isPrivate: Bool

    /// Throws with what is wrong, in a sentence that never repeats the URL.
    package init(_ text: String) throws(CallbackURLError) {
        guard text.utf8.count <= Limits.urlBytes else {
            throw CallbackURLError("it is longer than \(Limits.urlBytes) bytes")
        }
        guard text.utf8.allSatisfy(Self.mayStand) else {
            throw CallbackURLError("it has a character that must be written with a percent sign")
        }
        guard let end = text.firstIndex(of: ":"), text[end...].hasPrefix("://"),
            let port = ["http": 80, "https": 443][text[..<end].lowercased()]
        else { throw CallbackURLError("it begins with http:// or https://") }
        guard !text.contains("#") else {
            throw CallbackURLError("it has a fragment, which is never sent")
        }
        let authority = text[end...].dropFirst(3).prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else {
            throw CallbackURLError("it has a user before its host; keep secrets out of URLs")
        }
        let (host, rest) = try Self.host(authority.lowercased()[...])
        self.text = text
        self.authority = "\(host):\(try Self.port(rest) ?? port)"
        isPrivate = try Self.isPrivate(host)
    }

    /// What RFC 3986 allows in a URL.
    private static func mayStand(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !Array("\"<>\\^`{|}".utf8).contains(byte)
    }

    /// The host, in its brackets where it has some, and what follows it.
    private static func host(
        _ authority: Substring
    ) throws(CallbackURLError) -> (String, Substring) {
        let end =
            authority.hasPrefix("[")
            ? authority.firstIndex(of: "]").map { authority.index(after: $0) }
            : authority.firstIndex(of: ":") ?? authority.endIndex
        guard let end, end > authority.startIndex else {
            throw CallbackURLError("it has no host")
        }
        return (String(authority[..<end]), authority[end...])
    }

    private static func port(_ text: Substring) throws(CallbackURLError) -> Int? {
        if text.isEmpty { return nil }
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(digits), (1...65_535).contains(port)
        else { throw CallbackURLError("its port is no number from 1 to 65535") }
        return port
    }

    private static func isPrivate(_ host: String) throws(CallbackURLError) -> Bool {
        if host.hasPrefix("[") {
            // An IPv4 address in brackets is none, whatever a lenient reader makes of it.
            guard host.contains(":"),
                let address = NetworkAddress(String(host.dropFirst().dropLast()))
            else {
                throw CallbackURLError("its host is no IPv6 address")
            }
            return !address.isPublic
        }
        if let address = NetworkAddress(host) { return !address.isPublic }
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, labels.allSatisfy(isLabel), name.utf8.count <= 253 else {
            throw CallbackURLError("its host is no name")
        }
        // Resolvers read `127.1`, `0x7f.1` and `2130706433` as addresses.
        guard last.utf8.contains(where: { !(48...57).contains($0) }), !last.hasPrefix("0x") else {
            throw CallbackURLError("its host is an address that is not written as four numbers")
        }
        return last == "localhost"
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count)
            && label.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
            }
    }
}

/// Why a text is no URL to call back.
package struct CallbackURLError: Error, Sendable, Equatable {
    /// What is wrong, without the URL itself.
    package let message: String

    package init(_ message: String) { self.message = message }
}
