package import Values

/// A step under way: one row in a store, which is either ready, leased or waiting.
///
/// `epoch` fences: it grows with every change of the state, and a result counts only under the epoch
/// it was asked for with.
package struct ActiveStep: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// Something can be done for it now: an attempt, or taking in what it waited for.
        case ready
        /// Somebody works on it, until then at most.
        case leased(by: String, until: Instant)
        case waiting(Wait)
    }

    /// The step's number; `Run.slotStep` for the place of a run that is queued.
    package let step: Int
    /// The kind of work an external worker asks for; nothing where an engine does it.
    package let kind: String?
    package var state: State
    package var epoch: Int64 = 1
    /// Attempts begun since the step began or a person had it tried again.
    package var attempt = 0
    package let begunAt: Instant
    /// When it came into its state.
    package var since: Instant
    /// When its waiting ends as a failure.
    package var deadline: Instant?
    /// The moment that its rate promised it, once that has come and no attempt was begun yet.
    package var promised: Instant?
    /// What a person wrote in the place of the step's own input.
    package var override: JSON?
    /// Of the last attempt.
    package var failure: StepFailure?
    /// Attempts whose lease ended without a word.
    package var lost = 0
    /// The decision it asked for, while that is not final.
    package var decision: Identifier?
    /// Whether it shall end: what it asked for elsewhere is to be taken back.
    package var isCancelled = false
    /// Whether it takes back what the step did.
    package let isUndo: Bool
    /// The runs of an `each` or a sub-flow.
    package var children: Children?

    package init(
        step: Int,
        kind: String? = nil,
        state: State = .ready,
        at now: Instant,
        deadline: Instant? = nil,
        isUndo: Bool = false
    ) {
        self.step = step
        self.kind = kind
        self.state = state
        begunAt = now
        since = now
        self.deadline = deadline
        self.isUndo = isUndo
    }

    /// When it must be looked at if nothing happens before; nothing for never.
    package var dueAt: Instant? {
        switch state {
        case .ready: return deadline
        case .leased(_, let until): return until
        case .waiting(.timer(let until)): return min(until, deadline ?? until)
        case .waiting(.rate(_, let until)): return min(until, deadline ?? until)
        case .waiting(.person): return nil
        case .waiting: return deadline
        }
    }
}

/// What a waiting step waits for; exactly one thing.
package enum Wait: Sendable, Equatable {
    /// A moment: the next attempt, or the end of a sleep.
    case timer(Instant)
    /// The end of a decision, and with it of its review.
    case decision(Identifier)
    /// A call of an address made for this step and epoch.
    case callback
    /// An event of that type, and about that one thing where the step asks for it.
    case event(String, about: EventSubject? = nil)
    /// Runs that this step started.
    case children
    /// A person: the step failed for good.
    case person
    /// Another run with the same key to end.
    case slot(String)
    /// The moment that a rate promised it; by the rate's name, `FLOW/STEP` or `FLOW/`.
    case rate(String, until: Instant)

    /// The word a store finds it by.
    package var kind: String {
        switch self {
        case .timer: "timer"
        case .decision: "decision"
        case .callback: "callback"
        case .event: "event"
        case .children: "children"
        case .person: "person"
        case .slot: "slot"
        case .rate: "rate"
        }
    }

    /// Whether somebody outside brings what is waited for.
    package var isFromOutside: Bool {
        switch self {
        case .callback, .event, .decision, .slot: true
        case .timer, .children, .person, .rate: false
        }
    }

    /// What it is found by among those of its kind; nothing where nothing outside wakes it.
    package var key: String? {
        switch self {
        case .timer, .callback, .children: nil
        // All of them together are what waits for people.
        case .person: ""
        case .decision(let id): id.description
        case .event(let type, nil): type
        case .event(let type, let about?): about.key(in: type)
        case .slot(let key): key
        case .rate(let name, _): name
        }
    }
}

/// The runs an `each` or a sub-flow started: counts alone, whatever their number.
package struct Children: Sendable, Equatable {
    /// What every one of them is being told.
    package enum Order: String, Sendable, CaseIterable {
        case cancel
        case pause
        case resume
        case undo
    }

    package let total: Int
    /// The items, or the sub-flow's one input.
    package let items: Payload
    /// The epoch they were begun with: a step that is done anew starts others.
    package let generation: Int64
    package var started = 0
    package var succeeded = 0
    package var failed = 0
    /// The first that failed, for a person.
    package var firstFailure: StepFailure?
    package var order: Order?
    /// How many were told, in the order of their items.
    package var told = 0

    package init(total: Int, items: Payload, generation: Int64) {
        self.total = total
        self.items = items
        self.generation = generation
    }

    package var underway: Int { started - succeeded - failed }
    package var isToldAll: Bool { order == nil || told >= started }
}
