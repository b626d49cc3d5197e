package import Values

/// One execution of a flow, or of an `each`'s steps for one item: everything the run machine knows.
///
/// The steps under way are rows of their own in a store, and only there; all else is the run's row.
package struct Run: Sendable, Equatable {
    /// The number of the one active step of a run that has not begun: it waits for a slot or for its
    /// flow's rate, or is ready to begin.
    package static let slotStep = -1

    /// Which flow, or which of its `each` steps, the run executes.
    package struct Plan: Sendable, Equatable {
        package let flow: String
        /// The flow is read from here until the run ends, whatever goes live.
        package let release: Digest
        /// The number of the `each` step whose steps are done; nothing for the whole flow.
        package let each: Int?

        package init(flow: String, release: Digest, each: Int? = nil) {
            self.flow = flow
            self.release = release
            self.each = each
        }
    }

    /// The step of another run that waits for this one.
    package struct Parent: Sendable, Equatable {
        package let run: Identifier
        package let step: Int
        /// The place of the item in its list, from 0; 0 for a sub-flow.
        package let item: Int
        /// As in the step's `Children`.
        package let generation: Int64
        /// How many runs are above: at most `Limits.depth`.
        package let depth: Int

        package init(
            run: Identifier,
            step: Int,
            item: Int,
            generation: Int64,
            depth: Int
        ) {
            self.run = run
            self.step = step
            self.item = item
            self.generation = generation
            self.depth = depth
        }
    }

    /// What it began with and keeps, apart from it so that a copy of the run shares it.
    private final class Origin: Sendable, Equatable {
        let id: Identifier
        let root: Identifier
        let plan: Plan
        let parent: Parent?
        let caller: String
        let startedAt: Instant
        let priority: Int
        let key: String?
        let input: Payload
        let items: [Item]

        init(
            id: Identifier,
            root: Identifier,
            plan: Plan,
            parent: Parent?,
            caller: String,
            startedAt: Instant,
            priority: Int,
            key: String?,
            input: Payload,
            items: [Item]
        ) {
            self.id = id
            self.root = root
            self.plan = plan
            self.parent = parent
            self.caller = caller
            self.startedAt = startedAt
            self.priority = priority
            self.key = key
            self.input = input
            self.items = items
        }

        static func == (one: Origin, other: Origin) -> Bool {
            one === other
                || one.id == other.id && one.root == other.root && one.plan == other.plan
                    && one.parent == other.parent && one.caller == other.caller
                    && one.startedAt == other.startedAt && one.priority == other.priority
                    && one.key == other.key && one.input == other.input
                    && one.items == other.items
        }
    }

    private let origin: Origin

    package var id: Identifier { origin.id }
    /// The outermost run of its tree; itself where nothing waits for it.
    package var root: Identifier { origin.root }
    package var plan: Plan { origin.plan }
    package var parent: Parent? { origin.parent }
    /// Whose token or name started it.
    package var caller: String { origin.caller }
    package var startedAt: Instant { origin.startedAt }
    /// Larger goes first.
    package var priority: Int { origin.priority }
    /// What its flow's `concurrency` counts it by.
    package var key: String? { origin.key }
    package var input: Payload { origin.input }
    /// The items that surround it, by their names and places, outermost first.
    package var items: [Item] { origin.items }

    package struct Item: Sendable, Equatable {
        package let name: String
        package let value: Payload
        package let index: Int

        package init(name: String, value: Payload, index: Int) {
            self.name = name
            self.value = value
            self.index = index
        }
    }

    package var state: RunState
    /// Why it is paused or failed, for a person.
    package var reason: String?
    package var stage: String?
    package var stageSince: Instant
    package var updatedAt: Instant
    package var fields: [String: JSON] = [:]
    /// The steps that have ended.
    package var ended: [Int: StepEnd] = [:]
    /// Which branch a `switch` took, how many items an `each` had; any number for a `parallel`.
    package var choices: [Int: Int] = [:]
    /// The steps whose effect an abort undoes, in the order they ended.
    package var undoable: [Int] = []
    /// Whether anything was undone, after which nothing before it stands.
    package var isUndone = false
    /// What it ends as once all is undone.
    package var aftermath: RunState?
    /// What a person's pause interrupted.
    package var pausedFrom: RunState?
    package var output: Payload?
    /// The steps under way.
    package var active: [Int: ActiveStep] = [:]
    /// Events so far; the next one's number is one more.
    package var history: Int64 = 0
    /// Grows by one with each transition.
    package var version: Int64 = 0

    package init(
        id: Identifier,
        root: Identifier,
        plan: Plan,
        parent: Parent?,
        caller: String,
        startedAt: Instant,
        priority: Int = 0,
        key: String? = nil,
        input: Payload,
        items: [Item] = [],
        state: RunState = .running
    ) {
        origin = Origin(
            id: id,
            root: root,
            plan: plan,
            parent: parent,
            caller: caller,
            startedAt: startedAt,
            priority: priority,
            key: key,
            input: input,
            items: items
        )
        self.state = state
        stageSince = startedAt
        updatedAt = startedAt
    }
}

/// How far a run has come.
///
/// Woken by: `queued` by the end of a run with its key, or by the moment that its flow's rate promised
/// it; `running` by its active steps, of which it has
/// at least one; `undoing` likewise; `paused` and `dead` by a person. The others are final, but that
/// an abort above may undo a `completed` one.
package enum RunState: String, Sendable, CaseIterable {
    case queued
    case running
    /// An abort takes back what was done.
    case undoing
    /// Stands still whole until a person resumes it.
    case paused
    /// Nothing is left to do but a step that failed for good and waits for a person.
    case dead
    case completed
    case failed
    case cancelled

    package var isFinal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .queued, .running, .undoing, .paused, .dead: false
        }
    }
}

/// A value, or where a large one is kept.
package enum Payload: Sendable, Equatable {
    case inline(JSON)
    /// `res://` and the SHA-256 of its canonical bytes, of so many bytes.
    case resource(Digest, bytes: Int)
}

/// How a step ended.
package struct StepEnd: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case succeeded
        /// Its condition did not hold, or a person skipped it.
        case skipped
        case failed
        case cancelled
    }

    package let state: State
    package let output: Payload?
    package let failure: StepFailure?
    package let at: Instant
    package let attempts: Int

    package init(
        _ state: State,
        output: Payload? = nil,
        failure: StepFailure? = nil,
        at: Instant,
        attempts: Int
    ) {
        self.state = state
        self.output = output
        self.failure = failure
        self.at = at
        self.attempts = attempts
    }
}

/// Why an attempt failed.
package struct StepFailure: Error, Sendable, Equatable {
    /// One stable word, which `retry.on` may name: `timeout`, `deadline`, `status`, `network`,
    /// `rejected`, `expression`, `schema`, `worker`, `lease`, `child`, `limit`, `refused`.
    package let kind: String
    /// An HTTP status, where there was one.
    package let status: Int?
    /// For a person.
    package let message: String
    /// Whether the same attempt could succeed later, where `retry.on` says nothing.
    package let mayPass: Bool

    package init(_ kind: String, status: Int? = nil, _ message: String, mayPass: Bool = false) {
        self.kind = kind
        self.status = status
        self.message = message
        self.mayPass = mayPass
    }
}
