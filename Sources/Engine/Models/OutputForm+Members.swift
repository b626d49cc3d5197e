internal import Autonomy
internal import Values

extension OutputForm {
    /// One value that a property may take.
    struct Choice: Sendable, Equatable {
        let value: JSON
        let description: String?
    }

    func property(_ name: String) -> JSON? { schema["properties"]?[name] }

    var required: Set<String> {
        Set(schema["required"]?.array?.compactMap(\.string) ?? [])
    }

    /// The values a property is limited to, null aside; nothing when it is not limited to any.
    func choices(of name: String) -> [Choice]? {
        guard let property = property(name) else { return nil }
        return Self.choices(property)
    }

    private static func choices(_ schema: JSON) -> [Choice]? {
        let description = schema["description"]?.string
        if let constant = schema["const"] {
            return [Choice(value: constant, description: description)]
        }
        if let members = schema["enum"]?.array {
            return members.filter { !$0.isNull }.map { Choice(value: $0, description: nil) }
        }
        if let branches = (schema["oneOf"] ?? schema["anyOf"])?.array {
            let real = branches.filter { $0 != ["type": "null"] }
            let inner = real.map(choices)
            guard !inner.contains(nil) else { return nil }
            return inner.flatMap { $0 ?? [] }
        }
        let types = schema["type"]?.array ?? schema["type"].map { [$0] } ?? []
        guard types.filter({ $0 != "null" }) == ["boolean"] else { return nil }
        return [Choice(value: true, description: nil), Choice(value: false, description: nil)]
    }

    /// The only value a property may take.
    func constant(of name: String) -> JSON? {
        guard let property = property(name) else { return nil }
        if let constant = property["const"] { return constant }
        guard let members = property["enum"]?.array, members.count == 1 else { return nil }
        return members[0]
    }

    /// Whether the value may stand under the property, as far as its members tell.
    func admits(_ value: JSON, under name: String) -> Bool {
        choices(of: name)?.contains { $0.value == value } ?? true
    }

    /// What every shape asks of a clause and its output.
    func problems(of clause: ConfidenceClause, shape: Shape) -> [String] {
        guard shape.signals.contains(clause.from) else {
            let known = shape.signals.map(\.rawValue).sorted().joined(separator: ", ")
            return ["the shape \(shape.rawValue) gives no \(clause.from.rawValue): use \(known)"]
        }
        guard let property = property(clause.of) else {
            let names = schema["properties"]?.object?.names ?? []
            let near = nearest(clause.of, in: names).map { ": did you mean \($0)?" } ?? ""
            return ["the output has no property \(clause.of)\(near)"]
        }
        return problems(of: clause, property)
    }

    private func problems(of clause: ConfidenceClause, _ property: JSON) -> [String] {
        var found: [String] = []
        let types = property["type"]?.array ?? property["type"].map { [$0] } ?? []
        switch clause.from {
        case .stated:
            if !types.contains("number"), !types.contains("integer") {
                found.append("confidence stated in \(clause.of) needs a number there")
            }
        case .logprob:
            if types.contains("object") || types.contains("array") {
                found.append("logprob needs one value, and \(clause.of) is a list or an object")
            }
        case .vote:
            // One sample of a vote is asked for where each is a call of its own.
            if !(1...Limits.samples).contains(clause.samples) {
                found.append("vote needs 1 to \(Limits.samples) samples, not \(clause.samples)")
            }
        case .probability, .agreement:
            break
        }
        if clause.normalize, clause.from != .logprob {
            found.append("normalize belongs to logprob only")
        } else if clause.normalize, choices(of: clause.of) == nil {
            found.append("normalize needs \(clause.of) to be an enum or a boolean")
        }
        return found
    }
}
