/// URIs (RFC 3986) and IRIs (RFC 3987).
enum URIFormat {
    static func isReference(
        _ bytes: Span<UInt8>,
        needsScheme: Bool,
        isInternational: Bool
    ) -> Bool {
        let scheme = scheme(bytes)
        if scheme == nil, needsScheme { return false }
        var index = scheme.map { $0 + 1 } ?? 0
        let hasAuthority =
            bytes[orEnd: index] == UInt8(ascii: "/") && bytes[orEnd: index + 1] == UInt8(ascii: "/")
        if hasAuthority {
            index += 2
            guard authority(bytes, &index, isInternational) else { return false }
        }
        let path = index
        guard part(bytes, &index, isInternational, marks: "/") else { return false }
        // Without a scheme a colon in the first segment would make it one.
        if scheme == nil, !hasAuthority, hasColonFirst(bytes, path..<index) { return false }
        if bytes[orEnd: index] == UInt8(ascii: "?") {
            index += 1
            let isPrivate = isInternational
            guard part(bytes, &index, isInternational, marks: "/?", allowsPrivate: isPrivate) else {
                return false
            }
        }
        if bytes[orEnd: index] == UInt8(ascii: "#") {
            index += 1
            guard part(bytes, &index, isInternational, marks: "/?") else { return false }
        }
        return index == bytes.count
    }

    /// Where the colon of a scheme stands.
    private static func scheme(_ bytes: Span<UInt8>) -> Int? {
        guard ASCII.isLetter(bytes[orEnd: 0]) else { return nil }
        var index = 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ":"): return index
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): break
            default: if !ASCII.isLetterOrDigit(bytes[index]) { return nil }
            }
            index += 1
        }
        return nil
    }

    private static func hasColonFirst(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range {
            if bytes[index] == UInt8(ascii: "/") { return false }
            if bytes[index] == UInt8(ascii: ":") { return true }
        }
        return false
    }

    /// Characters of a path, a query or a fragment, up to one that is none.
    private static func part(
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ isInternational: Bool,
        marks: StaticString,
        allowsPrivate: Bool = false
    ) -> Bool {
        let allowsQuestion = marks.utf8CodeUnitCount == 2
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "/"): index += 1
            case UInt8(ascii: "?"):
                if !allowsQuestion { return true }
                index += 1
            case UInt8(ascii: "#"): return true
            case UInt8(ascii: ":"), UInt8(ascii: "@"): index += 1
            default:
                guard character(bytes, &index, isInternational, allowsPrivate) else { return false }
            }
        }
        return true
    }

    /// User, host and port, up to the path.
    private static func authority(
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ isInternational: Bool
    ) -> Bool {
        var end = index
        var at: Int?
        while end < bytes.count, !isEndOfAuthority(bytes[end]) {
            if bytes[end] == UInt8(ascii: "@") { at = at ?? end }
            end += 1
        }
        if let at {
            while index < at {
                if bytes[index] == UInt8(ascii: ":") {
                    index += 1
                } else if !character(bytes, &index, isInternational, false) {
                    return false
                }
            }
            index += 1
        }
        if bytes[orEnd: index] == UInt8(ascii: "[") {
            guard literal(bytes, &index, end) else { return false }
        } else {
            while index < end, bytes[index] != UInt8(ascii: ":") {
                guard character(bytes, &index, isInternational, false) else { return false }
            }
        }
        if index < end {
            guard bytes[index] == UInt8(ascii: ":") else { return false }
            index += 1
            while index < end, ASCII.isDigit(bytes[index]) { index += 1 }
        }
        return index == end
    }

    private static func isEndOfAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// An address in brackets: IPv6, or one of a future version.
    private static func literal(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> Bool {
        let start = index + 1
        while index < end, bytes[index] != UInt8(ascii: "]") { index += 1 }
        guard index < end else { return false }
        let close = index
        index += 1
        if bytes[start] | 0x20 != UInt8(ascii: "v") {
            return AddressFormat.isIPv6(bytes, start..<close)
        }
        var place = start + 1
        while place < close, ASCII.isHex(bytes[place]) { place += 1 }
        guard place > start + 1, place + 1 < close, bytes[place] == UInt8(ascii: ".") else {
            return false
        }
        for rest in place + 1..<close
        where bytes[rest] != UInt8(ascii: ":") && !isUnreservedOrDelimiter(bytes[rest]) {
            return false
        }
        return true
    }

    /// One unreserved character, sub-delimiter or escape, or one beyond ASCII in an IRI.
    private static func character(
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ isInternational: Bool,
        _ allowsPrivate: Bool
    ) -> Bool {
        let byte = bytes[index]
        if isUnreservedOrDelimiter(byte) {
            index += 1
            return true
        }
        if byte == UInt8(ascii: "%") {
            guard isEscape(bytes, index) else { return false }
            index += 3
            return true
        }
        guard isInternational, byte >= 0x80 else { return false }
        let (code, length) = bytes.scalar(at: index)
        index += length
        return self.isInternational(code) || allowsPrivate && isPrivate(code)
    }

    static func isEscape(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        ASCII.isHex(bytes[orEnd: index + 1]) && ASCII.isHex(bytes[orEnd: index + 2])
    }

    private static func isUnreservedOrDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: ASCII.isLetterOrDigit(byte)
        }
    }

    /// `ucschar` of RFC 3987.
    static func isInternational(_ code: UInt32) -> Bool {
        switch code {
        case 0xA0...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFEF: true
        case 0x1_0000...0xE_FFFF: code & 0xFFFF <= 0xFFFD && !(0xE_0000...0xE_0FFF).contains(code)
        default: false
        }
    }

    /// `iprivate` of RFC 3987.
    static func isPrivate(_ code: UInt32) -> Bool {
        (0xE000...0xF8FF).contains(code) || code >= 0xF_0000 && code & 0xFFFF <= 0xFFFD
    }
}
