package import Runs
package import Values

/// The runs of a store: what is under way, what is due, and what has happened.
///
/// One table of active steps is all there is: what is ready, due or waited for is read from it, and
/// no list of its own can drift from it. A row is *woken* when its step is ready, or waits and has
/// signals; a row is *held* while its run is paused or dead. A store keeps both in the transaction
/// that changes the step, the run or its signals:
///
/// - a decision that becomes final signals the step that waits for it, and a step that begins to wait
///   for a decision which is final already is signalled at once;
/// - a run that ends signals the active step above it, and, where it has a key, the longest queued run
///   with that key which is neither held nor signalled yet. A queued run that is held or ends passes
///   on the signal it has, if any, and one that is no longer held is signalled itself, to look again;
/// - the signals of a step go when the step ends.
package protocol RunStore: Sendable {
    /// A run with its active steps.
    func run(_ id: Identifier) async throws(StoreError) -> Run?
    /// Those of the runs that are there, with their active steps.
    func runs(_ ids: [Identifier]) async throws(StoreError) -> [Identifier: Run]
    func runs(_ query: RunQuery) async throws(StoreError) -> [RunSummary]
    /// The live runs that a step of that run started, or those that have ended, oldest first.
    func children(
        of run: Identifier,
        step: Int,
        live: Bool,
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [RunSummary]
    /// Live runs that are read from that release.
    func runs(on release: Digest, limit: Int) async throws(StoreError) -> [RunSummary]
    /// The run that claimed a key.
    func claimedRun(scope: String, key: String) async throws(StoreError) -> ClaimedRun?
    /// How many runs are where, kept by the transitions; of one flow or of all.
    func stageCounts(_ flow: String?) async throws(StoreError) -> [StageCount]
    func slots(_ key: String) async throws(StoreError) -> SlotCount

    /// Woken steps that are not held, for one kind of work; nothing for an engine's own.
    ///
    /// At most `perFlow` of each flow: those of the highest priority, and of them the longest ready.
    /// The flow whose first has waited longest comes first.
    func ready(
        kind: String?,
        perFlow: Int,
        limit: Int
    ) async throws(StoreError) -> [StepPlace]
    /// Steps that are not held and must be looked at by then, the longest due first.
    func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace]
    /// When the first step that is not held is due, of those due after a moment where one is given.
    func nextDue(after: Instant?) async throws(StoreError) -> Instant?
    /// Leased steps behind one, in the order of runs and steps, held ones too.
    func leases(after: StepKey?, limit: Int) async throws(StoreError) -> [StepPlace]
    /// Steps that wait for that, held ones too, the longest waiting first.
    func waiters(
        kind: String,
        key: String,
        after: StepPlace?,
        limit: Int
    ) async throws(StoreError) -> [StepPlace]
    /// The first key in the order of bytes, above one and below another, that a step waits by.
    func waitKey(
        kind: String,
        after: String,
        before: String
    ) async throws(StoreError) -> String?
    /// The last moment that a step which is not held waits for by that rate, as far as it is due then.
    func lastPromise(of rate: String) async throws(StoreError) -> Instant?
    /// What came for the steps of those runs, for each run at most so many: by step, oldest first.
    func signals(of runs: [Identifier], limit: Int) async throws(StoreError) -> [Signal]
    func history(
        of run: Identifier,
        from number: Int64,
        limit: Int
    ) async throws(StoreError) -> [HistoryEvent]
    /// What became of runs, in the order of the commits, after that number; at most so many.
    ///
    /// A commit appends them with its transitions, as `RunWrite.changeKind` says. The numbers are
    /// consecutive; where the first is not the next one, those between are no longer kept.
    func runChanges(after number: Int64, limit: Int) async throws(StoreError) -> [RunChange]
    /// The number of the last of them; 0 where there never was one.
    func lastRunChange() async throws(StoreError) -> Int64
    /// The bytes of a large value.
    func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]?

    /// Signals a step from outside where it waits for that and nothing has come yet.
    ///
    /// False where it does not: somebody else was faster.
    func signal(
        _ run: Identifier,
        step: Int,
        _ content: Signal.Content,
        ifWaiting wait: Wait,
        keeping resources: [KeptResource]
    ) async throws(StoreError) -> Bool
    /// Moves the end of a lease, never to an earlier moment: what its history says of it stays true.
    ///
    /// False where the step is no longer leased under that epoch.
    func extend(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        until: Instant
    ) async throws(StoreError) -> Bool
    /// Looks whether what the rows of runs say of each other is so, and where told to makes it so:
    /// which steps are woken or held, what ended runs left behind, how many runs are where.
    ///
    /// All of it in one transaction, so that no writer is met half way.
    func checkRuns(mending: Bool) async throws(StoreError) -> [RowFault]
    /// Deletes whole trees whose outermost run ended before then in one of those states, with their
    /// histories, fields and resources; about `limit` runs a call, and how many they were.
    ///
    /// A tree of which any run is live is left alone. The outermost run of a large tree goes last, so
    /// that a later call goes on with it. A call that finds fewer than it may forget takes the reasons
    /// out of the changes of all that are gone.
    func forgetRuns(
        endedBefore: Instant,
        states: Set<RunState>,
        limit: Int
    ) async throws(StoreError) -> Int
}

/// What was not so among the rows of runs.
package struct RowFault: Sendable, Equatable {
    package let fault: String
    /// What was done; nothing where nothing was to be done.
    package let mended: String?

    package init(fault: String, mended: String?) {
        self.fault = fault
        self.mended = mended
    }
}

extension RunStore {
    /// When the first step that is not held is due.
    package func nextDue() async throws(StoreError) -> Instant? { try await nextDue(after: nil) }
}

/// A step of a run, by which rows are in order.
package struct StepKey: Sendable, Hashable {
    package let run: Identifier
    package let step: Int

    package init(run: Identifier, step: Int) { (self.run, self.step) = (run, step) }
}

/// An active step by its row: what somebody who looks for work needs to know.
package struct StepPlace: Sendable, Hashable {
    package let run: Identifier
    package let step: Int
    package let flow: String
    package let priority: Int
    /// When it came into its state; for a queued run, when it was queued.
    package let since: Instant
    package let epoch: Int64

    package init(
        run: Identifier,
        step: Int,
        flow: String,
        priority: Int,
        since: Instant,
        epoch: Int64
    ) {
        self.run = run
        self.step = step
        self.flow = flow
        self.priority = priority
        self.since = since
        self.epoch = epoch
    }
}

/// A run found by its key.
package struct ClaimedRun: Sendable, Equatable {
    package let run: Identifier
    package let body: Digest

    package init(run: Identifier, body: Digest) {
        self.run = run
        self.body = body
    }
}

/// How many runs of a flow are in a stage and a state.
package struct StageCount: Sendable, Equatable {
    package struct Place: Sendable, Hashable {
        package let flow: String
        package let kind: Run.Kind
        package let stage: String?
        package let state: RunState

        package init(flow: String, kind: Run.Kind, stage: String?, state: RunState) {
            self.flow = flow
            self.kind = kind
            self.stage = stage
            self.state = state
        }

        package init(_ run: Run) {
            self.init(flow: run.plan.flow, kind: run.kind, stage: run.stage, state: run.state)
        }
    }

    package let place: Place
    package let count: Int64

    package init(place: Place, count: Int64) {
        self.place = place
        self.count = count
    }
}
