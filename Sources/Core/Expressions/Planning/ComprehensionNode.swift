internal import Values

/// A macro over the elements of a list or the entries of a map.
final class ComprehensionNode: PlanNode {
    let kind: SyntaxNode.Comprehension.Kind
    let range: any PlanNode
    /// Where the first variable is, and the second when there is one.
    let place: Int
    let second: Int?
    let predicate: (any PlanNode)?
    let transform: (any PlanNode)?

    init(
        _ kind: SyntaxNode.Comprehension.Kind,
        _ range: any PlanNode,
        places: (first: Int, second: Int?),
        predicate: (any PlanNode)?,
        transform: (any PlanNode)?
    ) {
        self.kind = kind
        self.range = range
        place = places.first
        second = places.second
        self.predicate = predicate
        self.transform = transform
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        switch kind {
        case .all, .exists, .existsOne: return .bool(try truth(&frame))
        case .map, .filter: return .list(try collected(&frame))
        case .transformMap, .transformMapEntry: return .map(try mapped(&frame))
        case .sortBy: return try sorted(&frame)
        }
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        switch kind {
        case .all: return try decided(&frame, by: false)
        case .exists: return try decided(&frame, by: true)
        case .existsOne: return try count(&frame) == 1
        case .map, .filter, .transformMap, .transformMapEntry, .sortBy:
            throw EvaluationError(.noSuchOverload, "a condition's value is not a bool")
        }
    }

    /// Walks the elements with the variables set to each; the body says whether to go on.
    private func walk(
        _ frame: inout Frame,
        _ body: (inout Frame) throws(EvaluationError) -> Bool
    ) throws(EvaluationError) {
        try frame.spend(1)
        let elements = try range.value(&frame)
        if let count = elements.elementCount {
            for index in 0..<count {
                try frame.spend(2)
                if let second {
                    frame.set(place, .int(Int64(index)))
                    frame.set(second, elements.element(index))
                } else {
                    frame.set(place, elements.element(index))
                }
                if !(try body(&frame)) { return }
            }
            return
        }
        guard let count = elements.memberCount else {
            throw EvaluationError(.noSuchOverload, "a \(elements.typeName) has no elements")
        }
        for index in 0..<count {
            try frame.spend(2)
            let entry = elements.entry(index)
            frame.set(place, entry.key)
            if let second { frame.set(second, entry.value) }
            if !(try body(&frame)) { return }
        }
    }

    /// An element that decides makes errors of the others meaningless.
    private func decided(
        _ frame: inout Frame,
        by decisive: Bool
    ) throws(EvaluationError) -> Bool {
        guard let predicate else { return !decisive }
        var found = false
        var failure: EvaluationError?
        try walk(&frame) { (frame) throws(EvaluationError) in
            do throws(EvaluationError) {
                found = try predicate.truth(&frame) == decisive
            } catch {
                if error.isFinal { throw error }
                failure = failure ?? error
            }
            return !found
        }
        if found { return decisive }
        if let failure { throw failure }
        return !decisive
    }

    private func count(_ frame: inout Frame) throws(EvaluationError) -> Int {
        guard let predicate else { return 0 }
        var count = 0
        try walk(&frame) { (frame) throws(EvaluationError) in
            if try predicate.truth(&frame) { count += 1 }
            return true
        }
        return count
    }

    private func collected(_ frame: inout Frame) throws(EvaluationError) -> [ExpressionValue] {
        var results: [ExpressionValue] = []
        try walk(&frame) { (frame) throws(EvaluationError) in
            if let predicate, !(try predicate.truth(&frame)) { return true }
            results.append(try transform?.value(&frame) ?? frame.locals[place] ?? .null)
            return true
        }
        return results
    }

    private func mapped(_ frame: inout Frame) throws(EvaluationError) -> ExpressionMap {
        var map = ExpressionMap()
        guard let transform else { return map }
        try walk(&frame) { (frame) throws(EvaluationError) in
            if let predicate, !(try predicate.truth(&frame)) { return true }
            let value = try transform.value(&frame)
            guard kind == .transformMapEntry else {
                let key = frame.locals[place] ?? .null
                try map.add(key, value, &frame)
                return true
            }
            guard let count = value.memberCount else {
                throw EvaluationError(.noSuchOverload, "transformMapEntry() makes maps")
            }
            for index in 0..<count {
                let entry = value.entry(index)
                try map.add(entry.key, entry.value, &frame)
            }
            return true
        }
        return map
    }

    private func sorted(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        var elements: [ExpressionValue] = []
        var keys: [ExpressionValue] = []
        guard let transform else { return .list([]) }
        try walk(&frame) { (frame) throws(EvaluationError) in
            elements.append(frame.locals[place] ?? .null)
            keys.append(try transform.value(&frame))
            return true
        }
        return try Lists.sortBy.body([.list(elements), .list(keys)], &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let range = range.estimate(&scope)
        scope.locals[place] = range.value.inside
        if let second { scope.locals[second] = range.value.inside }
        let predicate = predicate?.estimate(&scope)
        let transform = transform?.estimate(&scope)
        let count = range.value.count
        let each = (predicate?.cost ?? 0) + (transform?.cost ?? 0) + 2
        let made = transform?.value ?? range.value.inside
        let cost = range.cost + count * each + 1
        switch kind {
        case .all, .exists, .existsOne: return Estimate(cost)
        case .filter: return Estimate(cost, .each(of: range.value.inside, count: count))
        case .map: return Estimate(cost, .each(of: made, count: count))
        case .transformMap:
            let inner = made.joined(with: range.value.inside)
            return Estimate(
                cost + count * (range.value.text.read + 1),
                .each(of: inner, count: count * 2)
            )
        case .transformMapEntry:
            let entries = count * made.count
            return Estimate(
                cost + entries * (made.text.read + 1),
                .each(of: made.inside, count: entries * 2)
            )
        case .sortBy:
            let keys = Bound.each(of: made, count: count)
            let elements = Bound.each(of: range.value.inside, count: count)
            let sorting = Lists.sortBy.estimate([elements, keys])
            return Estimate(cost + sorting.cost, elements)
        }
    }
}

extension ExpressionMap {
    /// Adds a member; its key must be one, and not there already.
    mutating func add(
        _ key: ExpressionValue,
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) {
        try frame.spend(1)
        switch key {
        case .bool, .int, .uint: break
        case .string(let text): try frame.read(text.utf8.count)
        default: throw EvaluationError(.noSuchOverload, "a \(key.typeName) is no key of a map")
        }
        if !insert(key, value) {
            throw EvaluationError(.invalidArgument, "a key is there twice")
        }
    }
}
