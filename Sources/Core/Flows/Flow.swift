package import Access
package import Expressions
package import Values

/// A process, compiled: its stages, fields, triggers and steps.
///
/// Everything in it has been checked: each expression against the outputs of the steps before it,
/// each policy and sub-flow by its name. It is shared, not copied: every run of it refers to it.
package final class Flow: Sendable {
    package let name: String
    package let title: String?
    package let owner: String?
    /// The columns of the board, in the order a run goes through them; may be empty.
    package let stages: [String]
    package let input: Schema
    /// What `output:` makes of a run that completed; nothing for no output.
    package let output: FlowTemplate?
    package let fields: [FlowField]
    package let triggers: [Trigger]
    package let concurrency: Concurrency?
    /// How often its runs begin at most; nothing for always.
    package let rate: Rate?
    /// Every step, each before those inside it; a step's place here is its number.
    package let steps: [FlowStep]
    /// The numbers of the outermost steps, in their order.
    package let body: [Int]
    /// SHA-256 of the flow's file.
    package let digest: Digest
    /// The variables of its expressions; every step's expressions share the order of the first.
    package let environment: FlowEnvironment

    package init(
        name: String,
        title: String?,
        owner: String?,
        stages: [String],
        input: Schema,
        output: FlowTemplate?,
        fields: [FlowField],
        triggers: [Trigger],
        concurrency: Concurrency?,
        rate: Rate?,
        steps: [FlowStep],
        body: [Int],
        digest: Digest,
        environment: FlowEnvironment
    ) {
        self.name = name
        self.title = title
        self.owner = owner
        self.stages = stages
        self.input = input
        self.output = output
        self.fields = fields
        self.triggers = triggers
        self.concurrency = concurrency
        self.rate = rate
        self.steps = steps
        self.body = body
        self.digest = digest
        self.environment = environment
    }

    /// Stands among the numbers of steps that an expression reads where it reads the run's input.
    ///
    /// An input may be large, and is loaded for those alone that look at it.
    package static let inputRead = -1
    /// The event that a step's `match` looks at, as `environment` calls it.
    package static let eventVariable = "event"

    /// The number of the step of that name.
    package func number(of id: String) -> Int? { steps.firstIndex { $0.id == id } }
}

/// A typed value of a run that lists filter and sort by.
package struct FlowField: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case text
        case number
        case integer
        case boolean
        case choice([String])
    }

    package let name: String
    package let kind: Kind
    /// Whether a run's input has a property of that name and type, which it then begins with.
    package let isFromInput: Bool

    package init(name: String, kind: Kind, isFromInput: Bool) {
        self.name = name
        self.kind = kind
        self.isFromInput = isFromInput
    }

    /// Whether a value may stand in the field; null takes the field away.
    package func takes(_ value: JSON) -> Bool {
        if value == .null { return true }
        switch kind {
        case .text: return value.string != nil
        case .number: return value.number != nil
        case .integer: return value.integer != nil
        case .boolean: return value.bool != nil
        case .choice(let words): return value.string.map(words.contains) ?? false
        }
    }
}

/// What starts a run by itself.
package enum Trigger: Sendable, Equatable {
    case webhook(String)
    case schedule(cron: String, zone: String)
    /// A CloudEvent of that type.
    case event(type: String)
}

/// How many runs with the same key may be under way, and what becomes of one more.
package struct Concurrency: Sendable {
    package enum Then: String, Sendable, CaseIterable {
        case queue
        /// The oldest under way is cancelled in favour of the new one.
        case cancelOld = "cancel_old"
        case refuse
    }

    /// Over `input` alone; its value as text is the key.
    package let key: Program
    package let limit: Int
    package let then: Then

    package init(key: Program, limit: Int, then: Then) {
        self.key = key
        self.limit = limit
        self.then = then
    }
}

/// An expression, and the steps whose outputs it reads: what must be at hand to evaluate it.
package struct FlowExpression: Sendable {
    package let program: Program
    package let reads: Set<Int>

    package init(_ program: Program, reads: Set<Int>) {
        self.program = program
        self.reads = reads
    }
}

/// A value with expressions in it, and the steps whose outputs they read, as numbers.
package struct FlowTemplate: Sendable {
    package let value: ValueTemplate
    package let reads: Set<Int>

    package init(_ value: ValueTemplate, reads: Set<Int>) {
        self.value = value
        self.reads = reads
    }
}

/// The variables of a flow's expressions and the fixed values of some.
///
/// Every step has an environment of its own, since each knows other outputs; the names and their
/// order are the same in all, so that one set of bindings serves them.
package struct FlowEnvironment: Sendable {
    /// `input`, `steps`, `run`, `lists`, `vars`, `now`, `event` (in the `match` of a `wait` alone), then
    /// the name and the place of each item of every `each`, those of one name sharing their places.
    ///
    /// `steps` has a member for every step that ended, with its `state`, its `output` where it has
    /// one, and its `error` (`kind`, `status`, `message`) where it failed. A step that was not begun
    /// and never will be counts as skipped.
    package let variables: ExpressionEnvironment
    package let lists: JSON
    package let vars: JSON

    package init(variables: ExpressionEnvironment, lists: JSON, vars: JSON) {
        self.variables = variables
        self.lists = lists
        self.vars = vars
    }
}
