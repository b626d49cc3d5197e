internal import Values

/// Macros over lists, maps and optionals.
extension Checker {
    mutating func comprehension(
        _ own: SyntaxNode.Comprehension
    ) -> ExpressionType {
        let range = check(own.range)
        let (first, second) = elementTypes(own.range, range, areTwo: own.second != nil)
        let (known, before) = (locals.count, present)
        defer {
            locals.removeSubrange(known...)
            present = before
        }
        locals.append((own.variable, first))
        if let name = own.second { locals.append((name, second)) }
        present = present.filter { path in !own.variables.contains { $0 == path.first } }
        if let predicate = own.predicate { expectBool(predicate, check(predicate)) }
        let holding = own.predicate?.fieldsPresent(when: true) ?? []
        switch own.kind {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(first)
        case .map, .transformMap, .transformMapEntry, .sortBy:
            guard let transform = own.transform else { return .dyn }
            return transformed(own, range, first, check(transform, knowing: holding), transform)
        }
    }

    private mutating func transformed(
        _ own: SyntaxNode.Comprehension,
        _ range: ExpressionType,
        _ first: ExpressionType,
        _ result: ExpressionType,
        _ transform: SyntaxNode
    ) -> ExpressionType {
        switch own.kind {
        case .transformMap: return .map(first, result)
        case .transformMapEntry:
            switch bindings.resolved(result) {
            case .map, .dyn, .parameter: return result
            case let other:
                note(
                    "transformMapEntry() makes maps; '\(text(transform))' is \(other)",
                    transform,
                    fix: "write '{key: \(text(transform))}'"
                )
                return .map(.dyn, .dyn)
            }
        case .sortBy:
            switch bindings.resolved(result) {
            case .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .dyn,
                .enumeration, .parameter:
                break
            case let other:
                note("sortBy() needs a key that has an order; this is \(other)", transform)
            }
            return range
        default: return .list(result)
        }
    }

    /// What one or two variables are for each element: of two, the index or key comes first.
    private mutating func elementTypes(
        _ node: SyntaxNode,
        _ type: ExpressionType,
        areTwo: Bool
    ) -> (ExpressionType, ExpressionType) {
        switch bindings.resolved(type) {
        case .list(let element): return areTwo ? (.int, element) : (element, .dyn)
        case .map(let key, let value): return (key, value)
        case .object: return (.string, .dyn)
        case .dyn: return (.dyn, .dyn)
        case .parameter:
            let element = bindings.unknown()
            _ = bindings.assign(.list(element), to: type)
            return areTwo ? (.int, element) : (element, .dyn)
        case let other:
            var fix: String?
            if case .optional = other { fix = "write '\(text(node)).orValue([])'" }
            note("expected a list or a map; '\(text(node))' is \(other)", node, fix: fix)
            return (.dyn, .dyn)
        }
    }

    mutating func optionalMap(
        _ target: SyntaxNode,
        _ variable: String,
        _ body: SyntaxNode,
        _ flat: Bool
    ) -> ExpressionType {
        var inner = ExpressionType.dyn
        switch bindings.resolved(check(target)) {
        case .optional(let value): inner = value
        case .dyn, .parameter: break
        case let other:
            note("optMap() needs an optional; '\(text(target))' is \(other)", target)
        }
        let before = present
        locals.append((variable, inner))
        present = present.filter { $0.first != variable }
        defer {
            locals.removeLast()
            present = before
        }
        let result = check(body)
        return flat ? result : .optional(result)
    }
}
