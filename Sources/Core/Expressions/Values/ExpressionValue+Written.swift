internal import Values

extension ExpressionValue {
    /// The value as an expression writes it, on one line: `1.0`, `"a"`, `duration("60s")`.
    ///
    /// Unlike its JSON it tells an int from a double, and every value has one.
    package var written: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)u"
        case .double(let value): Self.written(value)
        case .string(let value): JSON.string(value).compactText
        case .bytes(let value): "b\"" + value.map { "\\x" + [$0].hex }.joined() + "\""
        case .timestamp(let value): "timestamp(\"\(value.text)\")"
        case .duration(let value): "duration(\"\(value.text)\")"
        case .type(let name): name
        case .optional(let optional):
            optional.value.map { "optional.of(\($0.written))" } ?? "optional.none()"
        case .network(let value):
            (value.typeName == "net.IP" ? "ip" : "cidr") + "(\"\(value.text)\")"
        case .list(let elements):
            "[" + elements.map(\.written).joined(separator: ", ") + "]"
        case .array(let elements):
            "[" + elements.map { Self($0).written }.joined(separator: ", ") + "]"
        case .map(let map):
            "{"
                + map.entries.map { "\($0.key.written): \($0.value.written)" }
                .joined(separator: ", ") + "}"
        case .object(let object):
            "{"
                + object.members.map { member in
                    "\(JSON.string(member.name).compactText): \(Self(member.value).written)"
                }.joined(separator: ", ") + "}"
        }
    }

    private static func written(_ value: Double) -> String {
        if value.isNaN { return "double(\"NaN\")" }
        if value.isInfinite { return value < 0 ? "-double(\"Infinity\")" : "double(\"Infinity\")" }
        let text = value == 0 && value.sign == .minus ? "-0" : JSON.ecmaScript(value)
        return text.contains { $0 == "." || $0 == "e" } ? text : text + ".0"
    }
}
