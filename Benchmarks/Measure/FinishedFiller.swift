internal import Decisions
internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// Fills stores with runs that have ended, each with one step that a rule decided, as if they had been
/// started one after the other over the month before.
///
/// An engine makes one such run; the others are its events brought to the run machine under other
/// identifiers, salts and times, and written bare.
struct FinishedFiller: Sendable {
    private static let days = 30
    /// Runs of one transaction.
    private static let batch = 10_000

    static let flow = "one"

    /// What an engine made of one run.
    private let run: Run
    private let history: [HistoryEvent]
    private let decision: DecisionRecord
    private let entry: StoredEntry
    private let facts: JSONObject
    private let compiled: Flow

    /// Takes a run that an engine has done as the one that all others are like.
    init(like server: RunServer, _ flows: RunFlows) async throws {
        guard let id = try await server.newest(1, of: Self.flow).first,
            let run = try await server.store.run(id), run.state == .completed,
            let compiled = try flows.compiled().flows[Self.flow]
        else { throw InvalidRun("there is no run that has ended") }
        (self.run, self.compiled) = (run, compiled)
        history = try await server.history(id)
        let source = "\(DecisionRecord.runPrefix)\(id)/s1"
        let recent = try await server.store.decisions(DecisionQuery(limit: 100))
        guard let decision = recent.first(where: { $0.source == source }),
            let entry = try await server.store.entry(decision.links.last),
            let facts = try JSON.read(entry.bytes)["facts"]?.object
        else { throw InvalidRun("run \(id) has made no decision") }
        (self.decision, self.entry, self.facts) = (decision, entry, facts)
    }

    /// Adds so many runs to a store that nobody has open.
    func fill(_ path: String, with count: Int, _ progress: Progress) async throws {
        let store = try BareRuns(path)
        let began = Process.now - .seconds(Self.days * 86_400)
        let pause = Duration.seconds(Self.days * 86_400) / count
        func batch(from first: Int) async throws -> [BareRuns.Ended] {
            let numbers = min(count, first)..<min(count, first + Self.batch)
            return try await made(numbers.map { began + pause * $0 })
        }
        var next = try await batch(from: 0)
        for first in stride(from: 0, to: count, by: Self.batch) {
            let runs = next
            // The next are made while these are written.
            async let following = batch(from: first + Self.batch)
            try Self.add(runs, to: store)
            next = try await following
            progress.show(
                "finished: \(first) of \(count) runs",
                fraction: Double(first) / Double(count)
            )
        }
        try store.close()
    }

    private static func add(_ runs: [BareRuns.Ended], to store: BareRuns) throws {
        try store.add(runs)
    }

    @concurrent
    private func made(_ moments: [Instant]) async throws -> [BareRuns.Ended] {
        let chance = BenchSurroundings.make().chance
        return try moments.map { try made(at: $0, chance) }
    }

    private func made(at start: Instant, _ chance: any Chance) throws -> BareRuns.Ended {
        let id = chance.identifier(at: start)
        var state = Run(
            id: id,
            root: id,
            plan: run.plan,
            parent: nil,
            caller: run.caller,
            startedAt: start,
            priority: run.priority,
            input: run.input
        )
        var before: Run?
        var transitions: [RunWrite] = []
        for event in history {
            let at = start + (event.at - run.startedAt)
            let word = chance.word()
            let after = try state.advance(event.event, in: compiled, at: at, chance: word).run
            let event = HistoryEvent(number: event.number, event: event.event, at: at, chance: word)
            let write = RunWrite(after, after: before, event: event)
            transitions.append(write)
            (state, before) = (write.run, write.run)
        }
        let decided = start + (decision.createdAt - run.startedAt)
        return BareRuns.Ended(
            transitions: transitions,
            decisions: [decision(of: id, at: decided, chance)]
        )
    }

    private func decision(
        of run: Identifier,
        at now: Instant,
        _ chance: any Chance
    ) -> Change {
        let source = "\(DecisionRecord.runPrefix)\(run)/s1"
        var record = DecisionRecord(
            id: chance.identifier(at: now),
            policy: decision.policy,
            release: decision.release,
            key: nil,
            source: source,
            caller: decision.caller,
            createdAt: now,
            state: decision.state
        )
        record.route = decision.route
        record.reason = decision.reason
        record.because = decision.because
        record.epoch = decision.epoch
        let facts = self.facts.members.map { member in
            member.value == .string(decision.source)
                ? JSONObject.Member(member.name, .string(source)) : member
        }
        let made = Entry(
            .decided,
            decision: record.id,
            at: now,
            facts: JSONObject(uniqueMembers: facts),
            payload: entry.payload.map {
                PayloadPart($0.name, salt: chance.salt(), value: $0.value)
            }
        )
        return Change(entries: [made], decision: .insert(record, key: nil))
    }
}
