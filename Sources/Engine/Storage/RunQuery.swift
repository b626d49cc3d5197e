package import Runs
package import Values

/// Which runs to list, and in which order.
package struct RunQuery: Sendable, Equatable {
    package enum Sort: Sendable, Equatable {
        case newest
        case oldest
        /// Only live ones that are in a stage; who came into it first is first.
        case longestInStage
        /// Only those that have the field.
        case field(String, descending: Bool)
    }

    /// A condition on a typed field; a run without the field meets none.
    package struct Condition: Sendable, Equatable {
        package enum Relation: String, Sendable {
            case equal = "="
            case less = "<"
            case greater = ">"
        }

        package let field: String
        package let relation: Relation
        /// A text, a number or a boolean.
        package let value: JSON

        package init(_ field: String, _ relation: Relation, _ value: JSON) {
            self.field = field
            self.relation = relation
            self.value = value
        }
    }

    /// Who has a step under way at a moment: the external worker who claimed it, or the person who
    /// claimed the review it waits for or was given that.
    package struct Owner: Sendable, Equatable {
        package let name: String
        package let at: Instant

        package init(_ name: String, at: Instant) {
            self.name = name
            self.at = at
        }
    }

    /// The place of a run in a list: the value it is sorted by, and itself.
    package struct Cursor: Sendable, Equatable {
        /// Nothing where the identifier alone gives the order.
        package let value: JSON?
        package let run: Identifier

        package init(value: JSON?, run: Identifier) {
            self.value = value
            self.run = run
        }
    }

    package var flow: String?
    /// Nothing for all.
    package var states: Set<RunState> = []
    /// Nothing for all.
    package var kinds: Set<Run.Kind> = []
    package var stage: String?
    /// Only those that came into their stage before.
    package var stageBefore: Instant?
    package var key: String?
    package var caller: String?
    /// Only those of which somebody has a step under way.
    package var owner: Owner?
    /// Only those that a step of this run started, ended ones too.
    package var parent: Identifier?
    /// Only this run and all below it.
    package var root: Identifier?
    package var conditions: [Condition] = []
    package var sort = Sort.newest
    /// Only those behind it in the order: the cursor of the next page.
    package var after: Cursor?
    package var limit: Int

    package init(limit: Int = 100) { self.limit = limit }

    /// Where a run of this list stands in it.
    package func cursor(_ run: RunSummary) -> Cursor {
        switch sort {
        case .newest, .oldest: Cursor(value: nil, run: run.id)
        case .longestInStage: Cursor(value: .int(run.stageSince.microseconds), run: run.id)
        case .field(let name, _): Cursor(value: run.fields[name], run: run.id)
        }
    }
}

/// A run without its values: what a list shows.
package struct RunSummary: Sendable, Equatable {
    package let id: Identifier
    package let root: Identifier
    package let plan: Run.Plan
    package let kind: Run.Kind
    /// The run and the step above.
    package let parent: Identifier?
    package let parentStep: Int?
    package let caller: String
    package let key: String?
    package let state: RunState
    package let reason: String?
    package let stage: String?
    package let stageSince: Instant
    package let startedAt: Instant
    package let updatedAt: Instant
    package let fields: [String: JSON]
    package let history: Int64
    package let version: Int64

    package init(_ run: Run) {
        id = run.id
        root = run.root
        plan = run.plan
        kind = run.kind
        parent = run.parent?.run
        parentStep = run.parent?.step
        caller = run.caller
        key = run.key
        state = run.state
        reason = run.reason
        stage = run.stage
        stageSince = run.stageSince
        startedAt = run.startedAt
        updatedAt = run.updatedAt
        fields = run.fields
        history = run.history
        version = run.version
    }
}
