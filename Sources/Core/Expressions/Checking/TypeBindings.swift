/// What is known of type parameters while an expression is checked.
struct TypeBindings {
    private var known: [String: ExpressionType] = [:]
    private var fresh = 0
    /// What each parameter was before it was learnt, so that a try can be taken back.
    private var learnt: [(name: String, before: ExpressionType?)] = []

    /// How much is known now, for `forget(since:)`.
    var mark: Int { learnt.count }

    /// Takes back all that was learnt since.
    mutating func forget(since mark: Int) {
        while learnt.count > mark {
            let last = learnt.removeLast()
            known[last.name] = last.before
        }
    }

    private mutating func set(_ name: String, _ type: ExpressionType) {
        learnt.append((name, known[name]))
        known[name] = type
    }

    /// An overload whose parameters are its own in this one call.
    mutating func instance(of overload: Overload) -> Overload {
        guard overload.isGeneric else { return overload }
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
        if case .parameter(let name) = type { return known[name].map(resolved) ?? type }
        return type.mapParts(resolved)
    }

    /// The type with `dyn` for what stayed unknown.
    func final(_ type: ExpressionType) -> ExpressionType {
        guard case .parameter(let name) = type else { return type.mapParts(final) }
        return known[name].map(final) ?? .dyn
    }

    private func renamed(_ type: ExpressionType, _ suffix: String) -> ExpressionType {
        if case .parameter(let name) = type { return .parameter(name + suffix) }
        return type.mapParts { renamed($0, suffix) }
    }

    /// Whether a value of one type may stand where another is expected; learns parameters.
    ///
    /// A parameter that meets several types is the most general of them.
    mutating func assign(_ actual: ExpressionType, to expected: ExpressionType) -> Bool {
        if case .parameter(let name) = expected { return learn(name, actual) }
        if case .parameter(let name) = actual { return learn(name, expected) }
        switch (actual, expected) {
        case (.dyn, _), (_, .dyn): return true
        case (.list(let a), .list(let b)): return assign(a, to: b)
        case (.map(let a, let c), .map(let b, let d)): return assign(a, to: b) && assign(c, to: d)
        case (.optional(let a), .optional(let b)): return assign(a, to: b)
        case (.opaque(let a, let mine), .opaque(let b, let others)):
            guard a == b, mine.count == others.count else { return false }
            for (one, other) in zip(mine, others) where !assign(one, to: other) { return false }
            return true
        case (.type, .type): return true
        case (.enumeration, .string), (.string, .enumeration), (.enumeration, .enumeration):
            return true
        case (.object, .map(let key, let value)): return assign(.string, to: key) && isOpen(value)
        case (.object, .object): return true
        case (.null, let other), (let other, .null): return other == .null || canBeNull(other)
        default: return actual == expected
        }
    }

    /// Whether the parameter may stand for the type too.
    private mutating func learn(_ name: String, _ type: ExpressionType) -> Bool {
        let type = resolved(type)
        if type == .parameter(name) { return true }
        guard let before = known[name].map(resolved) else {
            if mentions(type, name) { return false }
            set(name, type)
            return true
        }
        if case .parameter(let other) = before { return learn(other, type) }
        if before == type { return true }
        guard assign(type, to: before) else { return false }
        let general = Self.moreGeneral(resolved(type), resolved(before))
        if !mentions(general, name) { set(name, general) }
        return true
    }

    private func mentions(_ type: ExpressionType, _ name: String) -> Bool {
        type == .parameter(name) || type.parts.contains { mentions($0, name) }
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
        let before = mark
        if assign(b, to: a) { return Self.moreGeneral(resolved(a), resolved(b)) }
        forget(since: before)
        return .dyn
    }

    /// The first, when it says as much as the second or less; otherwise the second.
    private static func moreGeneral(
        _ a: ExpressionType,
        _ b: ExpressionType
    ) -> ExpressionType {
        saysNoMore(a, b) ? a : b
    }

    private static func saysNoMore(_ a: ExpressionType, _ b: ExpressionType) -> Bool {
        switch (a, b) {
        case (.dyn, _), (.parameter, _): true
        case (_, .dyn), (_, .parameter): false
        case (.string, .enumeration): true
        case (.enumeration, .string): false
        case (.enumeration(let mine), .enumeration(let others)):
            others.members.allSatisfy(mine.members.contains)
        case (.list, .list), (.map, .map), (.optional, .optional), (.opaque, .opaque):
            zip(a.parts, b.parts).allSatisfy(saysNoMore)
        default: a == b
        }
    }

    private func canBeNull(_ type: ExpressionType) -> Bool {
        switch type {
        case .timestamp, .duration, .named, .optional, .opaque: true
        default: false
        }
    }

    private func isOpen(_ type: ExpressionType) -> Bool {
        switch resolved(type) {
        case .dyn, .parameter: true
        default: false
        }
    }
}

extension ExpressionType {
    /// The types that this one is made of.
    var parts: [ExpressionType] {
        switch self {
        case .list(let inner), .optional(let inner), .type(let inner): [inner]
        case .map(let key, let value): [key, value]
        case .opaque(_, let parameters): parameters
        default: []
        }
    }

    /// The same type made of others.
    func mapParts(_ change: (ExpressionType) -> ExpressionType) -> ExpressionType {
        switch self {
        case .list(let element): .list(change(element))
        case .map(let key, let value): .map(change(key), change(value))
        case .optional(let value): .optional(change(value))
        case .type(let value): .type(change(value))
        case .opaque(let name, let parameters) where !parameters.isEmpty:
            .opaque(name, parameters.map(change))
        default: self
        }
    }
}
