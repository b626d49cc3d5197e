/// URI templates (RFC 6570).
enum TemplateFormat {
    static func isTemplate(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"):
                index += 1
                if !expression(bytes, &index) { return false }
            case UInt8(ascii: "%"):
                if !URIFormat.isEscape(bytes, index) { return false }
                index += 3
            default:
                let (code, length) = bytes.scalar(at: index)
                if !isLiteral(code) { return false }
                index += length
            }
        }
        return true
    }

    /// Characters that stand for themselves; the apostrophe by erratum 6937.
    private static func isLiteral(_ code: UInt32) -> Bool {
        switch code {
        case 0...0x20, 0x22, 0x25, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B...0x7D, 0x7F: false
        case ..<0x80: true
        default: URIFormat.isInternational(code) || URIFormat.isPrivate(code)
        }
    }

    /// An operator and variables behind a brace, through its end.
    private static func expression(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        switch bytes[orEnd: index] {
        case UInt8(ascii: "+"), UInt8(ascii: "#"), UInt8(ascii: "."), UInt8(ascii: "/"),
            UInt8(ascii: ";"), UInt8(ascii: "?"), UInt8(ascii: "&"), UInt8(ascii: "="),
            UInt8(ascii: ","), UInt8(ascii: "!"), UInt8(ascii: "@"), UInt8(ascii: "|"):
            index += 1
        default: break
        }
        while true {
            guard variable(bytes, &index) else { return false }
            switch bytes[orEnd: index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return true
            default: return false
            }
        }
    }

    private static func variable(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        guard nameCharacter(bytes, &index) else { return false }
        while true {
            if bytes[orEnd: index] == UInt8(ascii: ".") {
                index += 1
                guard nameCharacter(bytes, &index) else { return false }
            } else if !nameCharacter(bytes, &index) {
                break
            }
        }
        if bytes[orEnd: index] == UInt8(ascii: "*") {
            index += 1
        } else if bytes[orEnd: index] == UInt8(ascii: ":") {
            index += 1
            let start = index
            while ASCII.isDigit(bytes[orEnd: index]) { index += 1 }
            // 1 to 9999, without leading zeroes.
            if !(1...4).contains(index - start) || bytes[start] == UInt8(ascii: "0") {
                return false
            }
        }
        return true
    }

    private static func nameCharacter(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        let byte = bytes[orEnd: index]
        if ASCII.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") {
            index += 1
            return true
        }
        guard byte == UInt8(ascii: "%"), URIFormat.isEscape(bytes, index) else { return false }
        index += 3
        return true
    }
}
