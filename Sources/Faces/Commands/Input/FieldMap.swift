internal import Values

/// Which field of a line becomes which field of the input: `--map message=text,customer.id=cid`.
///
/// Left of `=` is a place in the policy's input, dots going into objects; right of it a field of
/// the line, by the same rule.
struct FieldMap: Sendable, Equatable {
    struct Pair: Sendable, Equatable {
        let target: [String]
        let source: [String]
    }

    let pairs: [Pair]

    init(_ text: String) throws(CommandFailure) {
        var pairs: [Pair] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
                throw .usage(
                    "--map takes pairs of input=field, such as message=text,customer.id=cid; "
                        + "got '\(part)'"
                )
            }
            pairs.append(Pair(target: Self.path(sides[0]), source: Self.path(sides[1])))
        }
        self.pairs = pairs
    }

    static func path(_ text: Substring) -> [String] {
        text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    /// The input a line makes; a field the line lacks is left out.
    func input(from line: JSON) -> JSON {
        var input = JSONObject()
        for pair in pairs {
            guard let value = Self.value(at: pair.source, in: line) else { continue }
            input = Self.setting(value, at: pair.target[...], in: input)
        }
        return .object(input)
    }

    static func value(at path: [String], in line: JSON) -> JSON? {
        var value: JSON? = line
        for name in path { value = value?[name] }
        return value
    }

    static func setting(
        _ value: JSON,
        at path: ArraySlice<String>,
        in object: JSONObject
    ) -> JSONObject {
        guard let name = path.first else { return object }
        if path.count == 1 { return object.setting(name, to: value) }
        let inner = object[name]?.object ?? JSONObject()
        return object.setting(name, to: .object(setting(value, at: path.dropFirst(), in: inner)))
    }
}
