package import Values

/// A name an expression may use, with its type.
package struct Variable: Sendable, Equatable {
    /// Dots qualify it.
    package let name: String
    package let type: ExpressionType

    package init(_ name: String, _ type: ExpressionType) {
        self.name = name
        self.type = type
    }
}

/// What expressions are compiled against: declared variables, a container for their names, and
/// which rules hold.
package struct ExpressionEnvironment: Sendable {
    package enum Rules: Sendable {
        /// The language as its specification has it.
        case standard
        /// "CEL for admins": whole numbers beside doubles are doubles, null is absent, an optional
        /// field needs a guard, enumerations are types (design, section 3).
        case admins
    }

    package let variables: [Variable]
    let container: String
    package let rules: Rules
    let functions: [String: [Overload]]
    let zones: ZoneLookup
    private let slots: [String: Int]

    /// `zones` gives time zones by their IANA names; those written out are asked for when an
    /// expression is compiled.
    package init(
        variables: [Variable],
        container: String = "",
        rules: Rules = .admins,
        zones: @escaping ZoneLookup = { _ in nil }
    ) {
        self.init(
            variables: variables,
            container: container,
            rules: rules,
            functions: Overload.standard,
            zones: zones
        )
    }

    init(
        variables: [Variable],
        container: String,
        rules: Rules,
        functions: [String: [Overload]],
        zones: @escaping ZoneLookup = { _ in nil }
    ) {
        self.variables = variables
        self.container = container
        self.rules = rules
        self.functions = functions
        self.zones = zones
        slots = Dictionary(
            variables.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Which place of the bindings a variable has.
    func slot(of name: String) -> Int? { slots[name] }

    /// The names a name may mean, the container's own first.
    func candidates(_ name: String) -> [String] {
        if name.hasPrefix(".") { return [String(name.dropFirst())] }
        var prefix = container.split(separator: ".").map(String.init)
        var names: [String] = []
        while !prefix.isEmpty {
            names.append((prefix + [name]).joined(separator: "."))
            prefix.removeLast()
        }
        return names + [name]
    }

    /// Parses, checks and plans; all that is wrong is in the diagnostics.
    ///
    /// `expecting` is the type its value must have, such as bool for a condition.
    package func compile(
        _ fragment: SourceFragment,
        expecting: ExpressionType? = nil
    ) throws(Diagnostics) -> Program {
        let tree = try parse(fragment)
        var checker = Checker(environment: self, fragment: fragment)
        let checked = checker.check(tree, expecting: expecting)
        if !checker.diagnostics.isEmpty { throw Diagnostics(checker.diagnostics) }
        return try plan(checked)
    }

    /// As `compile`, but a name or type that does not fit shows only when evaluated.
    func compileUnchecked(
        _ fragment: SourceFragment,
        macros: Bool = true
    ) throws(Diagnostics) -> Program {
        try plan(CheckedExpression(unchecked: try parse(fragment, macros: macros)))
    }

    func parse(_ fragment: SourceFragment, macros: Bool = true) throws(Diagnostics) -> SyntaxTree {
        do {
            return try Parser.parse(fragment, macros: macros)
        } catch {
            throw Diagnostics([
                Diagnostic(error.message, at: fragment.sourceRange(error.range), fix: error.fix)
            ])
        }
    }

    private func plan(_ checked: CheckedExpression) throws(Diagnostics) -> Program {
        var planner = Planner(environment: self, checked: checked)
        do {
            let plan = try planner.plan(checked.tree.root)
            return Program(checked: checked, plan: plan, locals: planner.places)
        } catch {
            throw Diagnostics([
                Diagnostic(
                    error.message,
                    at: checked.tree.fragment.sourceRange(error.range),
                    fix: error.fix
                )
            ])
        }
    }
}

/// The values of an environment's variables for one evaluation or many.
package struct Bindings: Sendable {
    private let environment: ExpressionEnvironment
    var values: [ExpressionValue?]

    package init(_ environment: ExpressionEnvironment) {
        self.environment = environment
        values = Array(repeating: nil, count: environment.variables.count)
    }

    /// Sets a declared variable; any other is a programming error.
    package mutating func set(_ name: String, to value: ExpressionValue) {
        guard let slot = environment.slot(of: name) else {
            preconditionFailure("'\(name)' is not declared")
        }
        values[slot] = value
    }

    /// Sets a declared variable to JSON, without copying it over.
    package mutating func set(_ name: String, json: JSON) { set(name, to: ExpressionValue(json)) }
}
