/// What is known of type parameters while an expression is checked.
struct TypeBindings {
    private var known: [String: ExpressionType] = [:]
    private var fresh = 0

    /// An overload whose parameters are its own in this one call.
    mutating func instance(of overload: Overload) -> Overload {
        fresh += 1
        let suffix = "#\(fresh)"
        let parameters = overload.parameters.map { renamed($0, suffix) }
        let result = renamed(overload.result, suffix)
        return overload.isMethod
            ? Overload(method: overload.name, parameters, result)
            : Overload(overload.name, parameters, result)
    }

    mutating func unknown() -> ExpressionType {
        fresh += 1
        return .parameter("?\(fresh)")
    }

    /// The type with everything known put in; what stays unknown is as it is.
    func resolved(_ type: ExpressionType) -> ExpressionType {
        switch type {
        case .parameter(let name): known[name].map(resolved) ?? type
        case .list(let element): .list(resolved(element))
        case .map(let key, let value): .map(resolved(key), resolved(value))
        case .optional(let value): .optional(resolved(value))
        case .type(let value): .type(resolved(value))
        default: type
        }
    }

    /// The type with `dyn` for what stayed unknown.
    func final(_ type: ExpressionType) -> ExpressionType {
        switch resolved(type) {
        case .parameter: .dyn
        case .list(let element): .list(final(element))
        case .map(let key, let value): .map(final(key), final(value))
        case .optional(let value): .optional(final(value))
        case .type(let value): .type(final(value))
        case let other: other
        }
    }

    /// Whether a value of one type may stand where another is expected; learns parameters.
    mutating func assign(_ actual: ExpressionType, to expected: ExpressionType) -> Bool {
        let (actual, expected) = (resolved(actual), resolved(expected))
        switch (actual, expected) {
        case (.parameter(let a), .parameter(let b)) where a == b: return true
        case (_, .parameter(let name)):
            known[name] = actual
            return true
        case (.parameter(let name), _):
            known[name] = expected
            return true
        case (.dyn, _), (_, .dyn): return true
        case (.list(let a), .list(let b)): return assign(a, to: b)
        case (.map(let a, let c), .map(let b, let d)): return assign(a, to: b) && assign(c, to: d)
        case (.optional(let a), .optional(let b)): return assign(a, to: b)
        case (.type, .type): return true
        case (.enumeration, .string), (.string, .enumeration), (.enumeration, .enumeration):
            return true
        case (.object, .map(let key, let value)): return assign(.string, to: key) && isOpen(value)
        case (.object, .object): return true
        case (.null, .timestamp), (.null, .duration), (.null, .named), (.null, .optional):
            return true
        default: return actual == expected
        }
    }

    /// The type of things of two types together.
    mutating func join(_ left: ExpressionType, _ right: ExpressionType) -> ExpressionType {
        let (a, b) = (resolved(left), resolved(right))
        if a == b { return a }
        if a == .dyn || b == .dyn { return .dyn }
        if case .enumeration = a, case .string = b { return .string }
        if case .string = a, case .enumeration = b { return .string }
        if case .null = a, canBeNull(b) { return b }
        if case .null = b, canBeNull(a) { return a }
        let before = self
        if assign(b, to: a) { return resolved(a) }
        self = before
        return .dyn
    }

    private func canBeNull(_ type: ExpressionType) -> Bool {
        switch type {
        case .timestamp, .duration, .named, .optional: true
        default: false
        }
    }

    private func isOpen(_ type: ExpressionType) -> Bool {
        switch type {
        case .dyn, .parameter: true
        default: false
        }
    }

    private func renamed(_ type: ExpressionType, _ suffix: String) -> ExpressionType {
        switch type {
        case .parameter(let name): .parameter(name + suffix)
        case .list(let element): .list(renamed(element, suffix))
        case .map(let key, let value): .map(renamed(key, suffix), renamed(value, suffix))
        case .optional(let value): .optional(renamed(value, suffix))
        case .type(let value): .type(renamed(value, suffix))
        default: type
        }
    }
}
