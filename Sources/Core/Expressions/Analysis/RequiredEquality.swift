internal import Values

/// A part of a condition that says which value a field of a variable must have.
///
/// Where the condition holds the field has that value, so that what the variable may be is found by
/// it without asking the condition of each.
package struct RequiredEquality: Sendable {
    /// The names from the variable to its field, outermost first; at least one.
    package let path: [String]
    /// What the field is compared with; mentions the variable nowhere.
    package let value: Program
}

extension ExpressionEnvironment {
    /// The first part `variable.field == value` that a condition cannot do without, where the value is
    /// no constant and mentions none of `others` either.
    ///
    /// CEL's `&&` is false or has no value as soon as one side is, in any order.
    package func requiredEquality(
        of program: Program,
        on variable: String,
        without others: [String]
    ) -> RequiredEquality? {
        var rest = [program.checked.tree.root]
        while let node = rest.popLast() {
            if case .and(let left, let right) = node.form { rest += [right, left] }
            guard case .binary(.equal, let left, let right) = node.form else { continue }
            for (field, other) in [(left, right), (right, left)] {
                guard let path = field.path(from: variable),
                    ([variable] + others).allSatisfy({ !other.mentions($0) }),
                    let value = part(other, of: program), value.constant == nil
                else { continue }
                return RequiredEquality(path: path, value: value)
            }
        }
        return nil
    }
}

extension SyntaxNode {
    fileprivate func mentions(_ variable: String) -> Bool {
        VariableUse(of: variable, in: self) != VariableUse()
    }

    /// The names from the variable to the field that this is, where each is written out.
    fileprivate func path(from variable: String) -> [String]? {
        var names: [String] = []
        var node = self
        while true {
            switch node.form {
            case .select(let operand, let field, optional: false):
                names.append(field)
                node = operand
            case .index(let operand, let key, optional: false):
                guard case .literal(.string(let name)) = key.form else { return nil }
                names.append(name)
                node = operand
            case .name(variable, _): return names.isEmpty ? nil : names.reversed()
            default: return nil
            }
        }
    }
}

extension ExpressionValue {
    /// One text for all values that CEL calls equal to this one; nothing for what has no such text, or
    /// is equal to nothing.
    ///
    /// Lists, maps, times and types have none, nor have numbers from 2^53 on: a double there is equal to
    /// several ints.
    package var equalityText: String? {
        let json: JSON?
        switch self {
        case .null, .bool, .string: json = self.json
        case .int(let value): json = value.magnitude < Self.exact ? .int(value) : nil
        case .uint(let value): json = value < Self.exact ? .int(Int64(value)) : nil
        case .double(let value):
            guard value.magnitude < Double(Self.exact) else { return nil }
            json = Int64(exactly: value).map(JSON.int) ?? self.json
        case .bytes, .timestamp, .duration, .list, .map, .type, .optional, .network, .array,
            .object:
            json = nil
        }
        return json.map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
    }

    private static let exact: UInt64 = 1 << 53
}
