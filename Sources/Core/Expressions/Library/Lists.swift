/// The lists extension.
enum Lists {
    static let functions: [String: LibraryFunction] = ["lists.range": range]

    static let methods: [String: LibraryFunction] = [
        "slice": slice, "flatten": flatten, "sort": sort, "distinct": distinct,
        "first": end("first") { $0 > 0 ? 0 : nil },
        "last": end("last") { $0 > 0 ? $0 - 1 : nil },
    ]

    static func checkCount(_ count: Int) throws(EvaluationError) {
        if count > Limits.listElements {
            throw EvaluationError(
                .cost,
                "a list would have more than \(Limits.listElements) elements"
            )
        }
    }

    private static func elements(
        _ arguments: [ExpressionValue],
        _ index: Int,
        _ name: String,
        _ frame: inout Frame
    ) throws(EvaluationError) -> [ExpressionValue] {
        guard index < arguments.count else { throw Library.noOverload(name, arguments) }
        switch arguments[index] {
        case .list(let elements):
            try frame.spend(elements.count)
            return elements
        case .array(let elements):
            try frame.spend(elements.count)
            return elements.map(ExpressionValue.init)
        default: throw Library.noOverload(name, arguments)
        }
    }

    static func reversed(
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> ExpressionValue {
        .list(try elements([value], 0, "reverse", &frame).reversed())
    }

    private static let range = LibraryFunction(
        { _ in
            // As long as its limit, since the number is known only when evaluated.
            let count = Size(Limits.listElements)
            return Estimate(count, .each(of: .scalar, count: count))
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "lists.range")
            let count = max(0, try arguments.int(0, "lists.range"))
            try checkCount(Int(count))
            try frame.spend(Int(count))
            return .list((0..<count).map(ExpressionValue.int))
        }
    )

    /// Takes the elements of a list, and gives some of them.
    private static func choosing(_ body: @escaping Library.Body) -> LibraryFunction {
        LibraryFunction({ Estimate($0[0].count, $0[0]) }, body)
    }

    private static let slice = choosing { (arguments, frame) throws(EvaluationError) in
        try arguments.expect(3...3, "slice")
        let start = try arguments.int(1, "slice")
        let end = try arguments.int(2, "slice")
        let elements = try elements(arguments, 0, "slice", &frame)
        guard start >= 0, start <= end, end <= elements.count else {
            throw EvaluationError(
                .outOfRange,
                "slice(\(start), \(end)) is not within a list of \(elements.count) elements"
            )
        }
        return .list(Array(elements[Int(start)..<Int(end)]))
    }

    private static func end(
        _ name: String,
        _ place: @escaping @Sendable (Int) -> Int?
    ) -> LibraryFunction {
        .wrapping { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, name)
            guard let count = arguments[0].elementCount else {
                throw Library.noOverload(name, arguments)
            }
            return .optional(OptionalValue(place(count).map(arguments[0].element)))
        }
    }

    private static let flatten = LibraryFunction(
        { (bounds: [Bound]) in
            // Each element of what is taken apart is one of the whole.
            Estimate(
                bounds[0].weight,
                Bound(
                    text: bounds[0].text,
                    count: max(bounds[0].count, bounds[0].weight),
                    weight: bounds[0].weight,
                    element: bounds[0].element
                )
            )
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...2, "flatten")
            let depth = arguments.count == 2 ? try arguments.int(1, "flatten") : 1
            guard depth >= 0, arguments[0].elementCount != nil else {
                throw depth < 0
                    ? EvaluationError(.invalidArgument, "flatten() needs a depth of 0 or more")
                    : Library.noOverload("flatten", arguments)
            }
            var flat: [ExpressionValue] = []
            try flatten(arguments[0], min(depth, Int64(Limits.flattenDepth)), into: &flat, &frame)
            return .list(flat)
        }
    )

    private static func flatten(
        _ list: ExpressionValue,
        _ depth: Int64,
        into flat: inout [ExpressionValue],
        _ frame: inout Frame
    ) throws(EvaluationError) {
        for index in 0..<(list.elementCount ?? 0) {
            try frame.spend(1)
            let element = list.element(index)
            if depth > 0, element.elementCount != nil {
                try flatten(element, depth - 1, into: &flat, &frame)
            } else {
                flat.append(element)
                try checkCount(flat.count)
            }
        }
    }

    private static let distinct = LibraryFunction(
        { (bounds: [Bound]) in
            let each = ValueIndex.estimate(bounds[0].inside) * 2
            return Estimate(bounds[0].count * (each + 1), bounds[0])
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "distinct")
            var seen = ValueIndex()
            var kept: [ExpressionValue] = []
            for element in try elements(arguments, 0, "distinct", &frame)
            where try seen.insert(element, &frame) {
                kept.append(element)
            }
            return .list(kept)
        }
    )

    private static let sort = LibraryFunction(
        { (bounds: [Bound]) in Estimate(sorting(bounds[0]) + bounds[0].count, bounds[0]) },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "sort")
            let elements = try elements(arguments, 0, "sort", &frame)
            let order = try order(of: elements, "sort", &frame)
            return .list(order.map { elements[$0] })
        }
    )

    /// Elements, and the key of each.
    static let sortBy: LibraryFunction = LibraryFunction(
        { (bounds: [Bound]) in
            Estimate(sorting(bounds[1]) + bounds[0].count + bounds[1].count, bounds[0])
        },
        { (arguments, frame) throws(EvaluationError) in
            let elements = try Lists.elements(arguments, 0, "sortBy", &frame)
            let keys = try Lists.elements(arguments, 1, "sortBy", &frame)
            let order = try order(of: keys, "sortBy", &frame)
            return .list(order.map { elements[$0] })
        }
    )

    private static func sorting(_ bound: Bound) -> Size {
        bound.count.sorted * (1 + bound.text.read)
    }

    /// The places of the elements in their order; equal ones stay as they are.
    private static func order(
        of keys: [ExpressionValue],
        _ name: String,
        _ frame: inout Frame
    ) throws(EvaluationError) -> [Int] {
        var longest = 0
        for key in keys {
            guard key.typeName == keys[0].typeName else {
                throw EvaluationError(
                    .noSuchOverload,
                    "\(name)() needs elements of one type; these are \(keys[0].typeName) and "
                        + key.typeName
                )
            }
            _ = try OrderNode.order(key, key)
            switch key {
            case .string(let text): longest = max(longest, text.utf8.count)
            case .bytes(let bytes): longest = max(longest, bytes.count)
            default: break
            }
        }
        try frame.spend(keys.count * Work.rounds(keys.count) * (1 + Work.bytes(longest)))
        return keys.indices.sorted { left, right in
            // All have one type, which has an order.
            switch OrderNode.known(keys[left], keys[right]) {
            case .less: true
            case .greater: false
            case .equal, .unordered, nil: left < right
            }
        }
    }
}

/// The sets extension: lists taken as sets.
enum Sets {
    static let functions: [String: LibraryFunction] = [
        "sets.contains": test("sets.contains") { (a, b, frame) throws(EvaluationError) in
            try contains(a, b, &frame)
        },
        "sets.equivalent": test("sets.equivalent") { (a, b, frame) throws(EvaluationError) in
            guard try contains(a, b, &frame) else { return false }
            return try contains(b, a, &frame)
        },
        "sets.intersects": test("sets.intersects") { (a, b, frame) throws(EvaluationError) in
            let index = try index(of: a, &frame)
            for place in 0..<(b.elementCount ?? 0) {
                try frame.spend(1)
                if try index.contains(b.element(place), &frame) { return true }
            }
            return false
        },
    ]

    private static func test(
        _ name: String,
        _ holds:
            @escaping @Sendable (ExpressionValue, ExpressionValue, inout Frame)
            throws(EvaluationError) -> Bool
    ) -> LibraryFunction {
        LibraryFunction(
            { (bounds: [Bound]) in
                let each = bounds.reduce(Size(0)) {
                    $0 + $1.count * (ValueIndex.estimate($1.inside) * 3 + 2)
                }
                return Estimate(each)
            },
            { (arguments, frame) throws(EvaluationError) in
                guard arguments.count == 2, arguments[0].elementCount != nil,
                    arguments[1].elementCount != nil
                else { throw Library.noOverload(name, arguments) }
                return .bool(try holds(arguments[0], arguments[1], &frame))
            }
        )
    }

    private static func index(
        of list: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> ValueIndex {
        var index = ValueIndex()
        for place in 0..<(list.elementCount ?? 0) {
            try frame.spend(1)
            _ = try index.insert(list.element(place), &frame)
        }
        return index
    }

    private static func contains(
        _ list: ExpressionValue,
        _ others: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        let index = try index(of: list, &frame)
        for place in 0..<(others.elementCount ?? 0) {
            try frame.spend(1)
            if !(try index.contains(others.element(place), &frame)) { return false }
        }
        return true
    }
}
