internal import Values

/// Functions and methods.
extension Checker {
    mutating func function(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) -> ExpressionType {
        let types = arguments.map { check($0) }
        for candidate in environment.candidates(name)
        where environment.functions[candidate]?.contains(where: { !$0.isMethod }) == true {
            return call(candidate, arguments, types, node)
        }
        unknownFunction(name, isMethod: false, node)
        return .dyn
    }

    mutating func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) -> ExpressionType {
        if let path = target.path, !isVariable(path[0]) {
            let full = (path + [name]).joined(separator: ".")
            for candidate in environment.candidates(full)
            where environment.functions[candidate]?.contains(where: { !$0.isMethod }) == true {
                let types = arguments.map { check($0) }
                return candidate == "math.greatest" || candidate == "math.least"
                    ? extreme(candidate, arguments, types)
                    : call(candidate, arguments, types, node)
            }
            let family = path.joined(separator: ".") + "."
            if environment.functions.keys.contains(where: { $0.hasPrefix(family) }) {
                for argument in arguments { _ = check(argument) }
                unknownFunction(full, isMethod: false, node)
                return .dyn
            }
        }
        var types = [check(target)]
        for argument in arguments { types.append(check(argument)) }
        guard environment.functions[name]?.contains(where: \.isMethod) == true else {
            unknownFunction(name, isMethod: true, node)
            return .dyn
        }
        if isForAdmins, name == "orValue", types.count == 2,
            let type = fallback(bindings.resolved(types[0]), arguments[0], &types[1])
        {
            return type
        }
        return call(name, [target] + arguments, types, node, isMethod: true)
    }

    private func isVariable(_ name: String) -> Bool {
        environment.slot(of: name) != nil || locals.contains { $0.name == name }
    }

    /// What `orValue()` says beyond its overload: an integer beside a double is one, and a text
    /// beside an enumeration is one more member.
    private mutating func fallback(
        _ optional: ExpressionType,
        _ node: SyntaxNode,
        _ type: inout ExpressionType
    ) -> ExpressionType? {
        switch optional {
        case .optional(.double):
            if asDouble(node) { type = .double }
            return nil
        case .optional(.enumeration(let own)):
            guard case .literal(.string(let text)) = node.form else { return nil }
            let members = own.members.contains(text) ? own.members : own.members + [text]
            return .enumeration(.init(members))
        default: return nil
        }
    }

    /// `math.greatest` and `math.least`: the one type of all, `dyn` for several.
    private mutating func extreme(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ types: [ExpressionType]
    ) -> ExpressionType {
        var all = types.map(bindings.resolved)
        if all.count == 1, case .list(let element) = all[0] { all = [element] }
        if isForAdmins, all.contains(.double), all.count == arguments.count {
            for (place, node) in arguments.enumerated() where all[place] == .int {
                if asDouble(node) { all[place] = .double }
            }
        }
        for (place, type) in all.enumerated() {
            switch type {
            case .int, .uint, .double, .dyn, .parameter: break
            default: note("\(name)() takes numbers only; this is \(type)", arguments[place])
            }
        }
        return all.allSatisfy { $0 == all[0] } ? all[0] : .dyn
    }

    // MARK: Overloads

    /// The result of the overloads that fit; of several, `dyn` unless they agree.
    mutating func call(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ types: [ExpressionType],
        _ node: SyntaxNode,
        isMethod: Bool = false
    ) -> ExpressionType {
        let overloads = (environment.functions[name] ?? []).filter { $0.isMethod == isMethod }
        if let result = fitting(overloads, types) { return result }
        if isForAdmins {
            // Where an int does not fit, a literal may be meant as a double.
            var widened = types
            for (place, argument) in arguments.enumerated() where types[place] == .int {
                if argument.isIntegerLiteral { widened[place] = .double }
            }
            if widened != types, let result = fitting(overloads, widened) {
                for (place, argument) in arguments.enumerated()
                where widened[place] != types[place] {
                    _ = asDouble(argument)
                }
                return result
            }
        }
        noOverload(name, types, overloads, node)
        return overloads.first?.result == .bool ? .bool : .dyn
    }

    private mutating func fitting(
        _ overloads: [Overload],
        _ types: [ExpressionType]
    ) -> ExpressionType? {
        let candidates = overloads.filter { $0.parameters.count == types.count }
        let before = bindings.mark
        var first: Overload?
        var agreed: ExpressionType?
        for overload in candidates {
            if let result = result(of: overload, types) {
                first = first ?? overload
                agreed = agreed.map { $0 == result ? $0 : .dyn } ?? result
            }
            bindings.forget(since: before)
        }
        guard let first, let agreed else { return nil }
        // What the first that fits says of parameters is kept.
        let kept = result(of: first, types)
        return agreed == .dyn ? .dyn : kept
    }

    private mutating func result(
        of overload: Overload,
        _ types: [ExpressionType]
    ) -> ExpressionType? {
        let instance = bindings.instance(of: overload)
        for (type, parameter) in zip(types, instance.parameters) {
            if !bindings.assign(type, to: parameter) { return nil }
        }
        return bindings.resolved(instance.result)
    }

    // MARK: What does not fit

    private mutating func noOverload(
        _ name: String,
        _ types: [ExpressionType],
        _ overloads: [Overload],
        _ node: SyntaxNode
    ) {
        let final = types.map(bindings.final)
        let given = final.map(\.kind)
        if name == "-_" {
            note("'-' does not take \(given[0])", node)
        } else if name.first?.isLetter == true {
            let isMethod = overloads.first?.isMethod == true
            let taken = overloads.prefix(4).map { overload in
                let names = overload.parameters.map(\.plain)
                return isMethod
                    ? "\(names[0]).\(name)(\(names.dropFirst().joined(separator: ", ")))"
                    : "\(name)(\(names.joined(separator: ", ")))"
            }
            let list = given.isEmpty ? "nothing" : given.joined(separator: ", ")
            note(
                "\(name)() does not take \(list); it is called as \(taken.joined(separator: " or "))",
                node,
                fix: Self.remedy(for: final)
            )
        } else {
            note(
                "'\(name)' does not take \(given.joined(separator: " and "))",
                node,
                fix: Self.remedy(for: final)
            )
        }
    }

    /// What to do about types that do not go together.
    static func remedy(for types: [ExpressionType]) -> String? {
        for case .optional(let inner) in types {
            return "add '.orValue(\(sample(inner) ?? "…"))' to what may be absent"
        }
        let isText = types.contains(.string)
        if isText, types.contains(.timestamp) { return "convert the text with timestamp()" }
        if isText, types.contains(.duration) { return "convert the text with duration()" }
        let isNumber = types.contains { [.int, .uint, .double].contains($0) }
        if isText, isNumber {
            return "convert one side with string(), int() or double()"
        }
        return types.contains(.double) && types.contains { $0 == .int || $0 == .uint }
            ? "convert one side with double() or int()" : nil
    }

    /// Names from other languages.
    private static let synonyms = [
        "length": "size", "len": "size", "count": "size", "includes": "contains", "has": "contains",
        "toLowerCase": "lowerAscii", "toLower": "lowerAscii", "lower": "lowerAscii",
        "toUpperCase": "upperAscii", "toUpper": "upperAscii", "upper": "upperAscii",
        "any": "exists", "some": "exists", "every": "all", "strip": "trim", "match": "matches",
        "select": "filter", "where": "filter", "unique": "distinct", "substr": "substring",
        "beginsWith": "startsWith", "max": "math.greatest", "min": "math.least",
        "math.max": "math.greatest", "math.min": "math.least", "abs": "math.abs",
        "floor": "math.floor", "ceil": "math.ceil", "round": "math.round",
    ]

    private mutating func unknownFunction(_ name: String, isMethod: Bool, _ node: SyntaxNode) {
        if isFull { return }
        let known =
            environment.functions.filter { $0.value.contains { $0.isMethod == isMethod } }.map(
                \.key
            ) + Parser.macroNames + ["cel.bind"]
        let names = known.filter { $0.first?.isLetter == true }.sorted()
        let hint = Self.synonyms[name] ?? nearest(name, in: names)
        note(
            "there is no function '\(name)'",
            node,
            fix: hint.map { "write '\($0)'" }
        )
    }
}

extension SyntaxNode {
    fileprivate var isIntegerLiteral: Bool {
        switch form {
        case .literal(.int): true
        case .negate(let inner): inner.isIntegerLiteral
        default: false
        }
    }
}

extension ExpressionType {
    /// What a function sees of it.
    fileprivate var kind: String {
        if case .enumeration = self { return "string" }
        return description
    }

    /// As a signature names it: any type for a parameter.
    fileprivate var plain: String {
        switch self {
        case .parameter, .dyn: "any"
        case .list(.parameter), .list(.dyn): "list"
        case .map: "map"
        default: description
        }
    }
}
