/// The formats of JSON Schema's validation vocabulary (draft 2020-12, section 7.3).
enum SchemaFormat: String, CaseIterable, Sendable {
    case dateTime = "date-time"
    case date
    case time
    case duration
    case email
    case idnEmail = "idn-email"
    case hostname
    case idnHostname = "idn-hostname"
    case ipv4
    case ipv6
    case uri
    case uriReference = "uri-reference"
    case iri
    case iriReference = "iri-reference"
    case uuid
    case uriTemplate = "uri-template"
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"
    case regex

    /// Whether a text is of the format; only names beyond ASCII and patterns allocate.
    func accepts(_ text: String) -> Bool {
        let bytes = text.utf8.span
        return switch self {
        case .dateTime: TimeFormat.isDateTime(bytes)
        case .date: TimeFormat.isDate(bytes)
        case .time: TimeFormat.isTime(bytes)
        case .duration: TimeFormat.isDuration(bytes)
        case .email: MailFormat.isAddress(bytes, isInternational: false)
        case .idnEmail: MailFormat.isAddress(bytes, isInternational: true)
        case .hostname: HostFormat.isName(bytes) ?? HostFormat.isName(text, isInternational: false)
        case .idnHostname:
            HostFormat.isName(bytes) ?? HostFormat.isName(text, isInternational: true)
        case .ipv4: AddressFormat.isIPv4(bytes)
        case .ipv6: AddressFormat.isIPv6(bytes)
        case .uri: URIFormat.isReference(bytes, needsScheme: true, isInternational: false)
        case .uriReference: URIFormat.isReference(bytes, needsScheme: false, isInternational: false)
        case .iri: URIFormat.isReference(bytes, needsScheme: true, isInternational: true)
        case .iriReference: URIFormat.isReference(bytes, needsScheme: false, isInternational: true)
        case .uuid: PointerFormat.isUUID(bytes)
        case .uriTemplate: TemplateFormat.isTemplate(bytes)
        case .jsonPointer: PointerFormat.isPointer(bytes, from: 0)
        case .relativeJSONPointer: PointerFormat.isRelativePointer(bytes)
        case .regex: ECMAPattern.isValid(text)
        }
    }

    /// What is expected, for people.
    var words: String {
        switch self {
        case .dateTime: "a date and time such as 2026-01-31T09:30:00Z"
        case .date: "a date such as 2026-01-31"
        case .time: "a time with its zone, such as 09:30:00Z"
        case .duration: "a duration such as P3DT12H"
        case .email, .idnEmail: "an e-mail address"
        case .hostname, .idnHostname: "the name of a host, such as www.example.com"
        case .ipv4: "an IPv4 address such as 192.0.2.1"
        case .ipv6: "an IPv6 address such as 2001:db8::1"
        case .uri: "a URI such as https://example.com/a"
        case .uriReference: "a URI or a relative reference"
        case .iri: "an IRI such as https://example.com/ä"
        case .iriReference: "an IRI or a relative reference"
        case .uuid: "a UUID such as 2eb8aa08-aa98-11ea-b4aa-73b441d16380"
        case .uriTemplate: "a URI template such as /orders/{id}"
        case .jsonPointer: "a JSON pointer such as /a/0"
        case .relativeJSONPointer: "a relative JSON pointer such as 1/a"
        case .regex: "a regular expression of ECMA-262"
        }
    }
}

/// A walk over the bytes of a text.
///
/// Helpers take the span and an index: a span cannot be stored.
extension Span<UInt8> {
    /// The byte at an index, or 0 at the end, which no format has within it.
    subscript(orEnd index: Int) -> UInt8 { index < count ? self[index] : 0 }

    /// The value of exactly so many digits from an index on.
    func digits(_ count: Int, at index: Int) -> Int? {
        guard index + count <= self.count else { return nil }
        var value = 0
        for offset in 0..<count {
            let byte = self[index + offset]
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// The code point at an index and the bytes it takes; the bytes are UTF-8.
    func scalar(at index: Int) -> (code: UInt32, length: Int) {
        let lead = self[index]
        let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        if length == 1 { return (UInt32(lead), 1) }
        var code = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length { code = code << 6 | UInt32(self[index + offset] & 0x3F) }
        return (code, length)
    }
}
