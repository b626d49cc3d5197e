internal import Values

extension Parser {
    /// Names of macros, for hints.
    static let macroNames = [
        "has", "all", "exists", "exists_one", "existsOne", "map", "filter", "optMap", "optFlatMap",
        "transformList", "transformMap", "transformMapEntry", "sortBy",
    ]

    /// `has(a.b)`.
    func has(_ argument: SyntaxNode, _ range: Range<Int>) throws(SyntaxProblem) -> SyntaxNode {
        guard case .select(let operand, let field, let optional) = argument.form else {
            throw SyntaxProblem(
                "has() needs a field, such as has(input.note)",
                argument.range,
                fix: "name a field of an object inside has()"
            )
        }
        return SyntaxNode(.has(operand, field: field, optional: optional), range)
    }

    /// A call on a value, a macro where it is one.
    func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ nameRange: Range<Int>
    ) throws(SyntaxProblem) -> SyntaxNode {
        let range = target.range.lowerBound..<previousEnd
        guard macros else { return SyntaxNode(.method(target, name, arguments), range) }
        if case .name("cel", absolute: false) = target.form,
            let node = try binding(name, arguments, range)
        {
            return node
        }
        if name == "greatest" || name == "least", case .name("math", absolute: false) = target.form
        {
            try checkNumbers(name, arguments, range)
        }
        if let kind = Self.kinds[name],
            let own = try comprehension(kind, name, target, arguments)
        {
            return SyntaxNode(.comprehension(own), range)
        }
        if name == "optMap" || name == "optFlatMap", arguments.count == 2 {
            return SyntaxNode(
                .optionalMap(
                    target,
                    variable: try variable(arguments[0]),
                    body: arguments[1],
                    flat: name == "optFlatMap"
                ),
                range
            )
        }
        return SyntaxNode(.method(target, name, arguments), range)
    }

    // MARK: Comprehensions

    private static let kinds: [String: SyntaxNode.Comprehension.Kind] = [
        "all": .all, "exists": .exists, "exists_one": .existsOne, "existsOne": .existsOne,
        "filter": .filter, "map": .map, "transformList": .map, "transformMap": .transformMap,
        "transformMapEntry": .transformMapEntry, "sortBy": .sortBy,
    ]

    /// The comprehension, when there are as many arguments as one of its forms has.
    private func comprehension(
        _ kind: SyntaxNode.Comprehension.Kind,
        _ name: String,
        _ range: SyntaxNode,
        _ arguments: [SyntaxNode]
    ) throws(SyntaxProblem) -> SyntaxNode.Comprehension? {
        let variables: Int
        switch (name, arguments.count) {
        case ("all", 2), ("exists", 2), ("exists_one", 2), ("existsOne", 2), ("filter", 2),
            ("map", 2), ("map", 3), ("sortBy", 2):
            variables = 1
        case ("all", 3), ("exists", 3), ("exists_one", 3), ("existsOne", 3),
            ("transformList", 3...4), ("transformMap", 3...4), ("transformMapEntry", 3...4):
            variables = 2
        default: return nil
        }
        let first = try variable(arguments[0])
        let second = variables == 2 ? try variable(arguments[1]) : nil
        if first == second {
            throw SyntaxProblem(
                "the two variables of \(name)() have one name",
                arguments[1].range,
                fix: "give the second a name of its own"
            )
        }
        let rest = arguments[variables...]
        let tests = [.all, .exists, .existsOne, .filter].contains(kind)
        return SyntaxNode.Comprehension(
            kind: kind,
            range: range,
            variable: first,
            second: second,
            predicate: tests || rest.count == 2 ? rest[rest.startIndex] : nil,
            transform: tests ? nil : rest[rest.endIndex - 1]
        )
    }

    private func variable(_ node: SyntaxNode) throws(SyntaxProblem) -> String {
        guard case .name(let name, absolute: false) = node.form else {
            throw SyntaxProblem("expected a simple name for the element", node.range)
        }
        return name
    }

    // MARK: Bindings

    /// `cel.bind(name, value, body)`, `cel.block([values], body)`, and the names that stand in a
    /// block for a value or the variable of a macro.
    private func binding(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ range: Range<Int>
    ) throws(SyntaxProblem) -> SyntaxNode? {
        switch (name, arguments.count) {
        case ("bind", 3):
            return SyntaxNode(
                .bind(
                    [.init(name: try variable(arguments[0]), value: arguments[1])],
                    body: arguments[2]
                ),
                range
            )
        case ("block", 2):
            guard case .list(let elements) = arguments[0].form else {
                throw SyntaxProblem(
                    "cel.block() needs a list written out as its first argument",
                    arguments[0].range
                )
            }
            let bindings = elements.enumerated().map {
                SyntaxNode.Binding(name: "@index\($0)", value: $1.value)
            }
            return SyntaxNode(.bind(bindings, body: arguments[1]), range)
        case ("index", 1):
            return SyntaxNode(.name("@index\(try number(arguments[0]))", absolute: false), range)
        case ("iterVar", 2), ("accuVar", 2):
            let (depth, unique) = (try number(arguments[0]), try number(arguments[1]))
            return SyntaxNode(.name("@\(name):\(depth):\(unique)", absolute: false), range)
        default: return nil
        }
    }

    private func number(_ node: SyntaxNode) throws(SyntaxProblem) -> Int64 {
        guard case .literal(.int(let value)) = node.form, value >= 0 else {
            throw SyntaxProblem("expected a whole number of 0 or more", node.range)
        }
        return value
    }

    // MARK: Numbers

    /// `math.greatest` and `math.least` take numbers, or one list of them.
    private func checkNumbers(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ range: Range<Int>
    ) throws(SyntaxProblem) {
        if arguments.isEmpty {
            throw SyntaxProblem("math.\(name)() needs at least one number", range)
        }
        if arguments.count == 1, case .list(let elements) = arguments[0].form {
            if elements.isEmpty {
                throw SyntaxProblem("math.\(name)() needs a list that is not empty", range)
            }
            for element in elements { try checkNumber(name, element.value) }
        } else {
            for argument in arguments { try checkNumber(name, argument) }
        }
    }

    private func checkNumber(_ name: String, _ node: SyntaxNode) throws(SyntaxProblem) {
        switch node.form {
        case .literal(.int), .literal(.uint), .literal(.double): return
        case .literal, .list, .map, .message:
            throw SyntaxProblem("math.\(name)() takes numbers only", node.range)
        default: return
        }
    }
}
