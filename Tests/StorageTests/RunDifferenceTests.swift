import Decisions
import Runs
import Storage
import TestSupport
import Testing
import Values

/// After whatever happened both stores answer the same.
///
/// The one in memory derives each answer from the runs alone; SQLite keeps woken, held, counters and
/// indexes beside them.
struct RunDifferenceTests {
    private typealias F = RunFixture

    /// One thing that happens to both stores.
    private enum Act: CaseIterable {
        case start, startBelow, startQueued, step, step2, take, end, hold, goOn, decide, signal
        case extend, forget
    }

    @Test(arguments: 0..<UInt64(6))
    func `SQLite answers as the runs alone do`(seed: UInt64) async throws {
        let stores = try [RunStores().store(.memory), RunStores().store(.sqlite)]
        var chance = SeededGenerator(seed: seed)
        var known: [Identifier] = []
        for number in 1...250 as ClosedRange<UInt64> {
            let act = Act.allCases.randomElement(using: &chance) ?? .step
            let id = known.randomElement(using: &chance)
            let roll = UInt64.random(in: 0..<1_000, using: &chance)
            var results: [String] = []
            for store in stores {
                results.append(
                    try await Self.perform(act, number, on: id, roll, in: store)
                )
            }
            #expect(results[0] == results[1], "seed \(seed), act \(number): \(act)")
            if try await stores[0].run(F.id(number)) != nil { known.append(F.id(number)) }
            if number % 10 == 0 {
                let (memory, sqlite) = (
                    try await Self.answers(of: stores[0], known),
                    try await Self.answers(of: stores[1], known)
                )
                for (left, right) in zip(memory, sqlite) {
                    #expect(left == right, "seed \(seed), act \(number)")
                }
                if memory != sqlite { return }
            }
        }
    }

    /// Does it, and says what came of it.
    private static func perform(
        _ act: Act,
        _ number: UInt64,
        on id: Identifier?,
        _ roll: UInt64,
        in store: any Store
    ) async throws -> String {
        switch act {
        case .start:
            let run = F.run(number, flow: "f\(roll % 3)", priority: Int(roll % 2))
            return try await commit(nil, run, roll, in: store)
        case .startQueued:
            var run = F.run(number, key: "k", state: .queued)
            run.active[Run.slotStep] = F.step(
                Run.slotStep,
                .waiting(.slot("k")),
                after: Int64(roll)
            )
            let check = SlotCheck(key: "k", limit: 2, expectFree: roll % 2 == 0)
            let write = RunWrite(run, after: nil, slot: check)
            return "\(try await store.commit(write).isCommitted)"
        case .decide: return try await decide(roll, in: store)
        case .forget:
            let before = F.now + .milliseconds(Int64(roll))
            let states: Set<RunState> = [.completed, .failed, .cancelled]
            return "\(try await store.forgetRuns(endedBefore: before, states: states, limit: 99))"
        default: break
        }
        guard let id, let run = try await store.run(id) else { return "none" }
        var after = run
        switch act {
        case .startBelow:
            let step = Int(roll % 4)
            let child = F.run(number, parent: run, step: step, each: roll % 2 == 0 ? step : nil)
            return try await commit(nil, child, roll, in: store)
        case .hold: after.state = roll % 2 == 0 ? .paused : .dead
        case .goOn: after.state = run.isQueued ? .queued : .running
        case .end:
            after.state = [.completed, .failed, .cancelled][Int(roll % 3)]
            after.active = [:]
        case .signal:
            let wait = run.active[Int(roll % 4)]?.wait ?? .event("e")
            let content = Signal.Content.arrived(.inline(.int(Int64(roll))))
            let step = Int(roll % 4)
            return """
                \(try await store.signal(id, step: step, content, ifWaiting: wait, keeping: []))
                """
        case .extend:
            let until = F.now + .seconds(Int64(roll))
            return "\(try await store.extend(id, step: Int(roll % 4), epoch: 1, until: until))"
        default: break
        }
        return try await commit(run, after, roll, in: store)
    }

    /// Commits it with one step changed, its stage moved, and some of its signals taken in.
    private static func commit(
        _ before: Run?,
        _ run: Run,
        _ roll: UInt64,
        in store: any Store
    ) async throws -> String {
        var run = run
        if !run.state.isFinal, !run.isQueued {
            let number = Int(roll % 4)
            let at = F.now + .seconds(Int64(roll))
            let states: [ActiveStep.State?] = [
                .ready, .leased(by: "w", until: at), .waiting(.timer(at)), .waiting(.children),
                .waiting(.event("e")), .waiting(.decision(decisionID(roll % 5))), nil,
            ]
            run.active[number] = states[Int(roll / 4 % 7)].map {
                F.step(
                    number,
                    $0,
                    kind: roll % 3 == 0 ? "ocr" : nil,
                    after: Int64(roll),
                    deadline: roll % 5 == 0 ? Int64(roll) : nil
                )
            }
            run.active[number]?.epoch = (before?.active[number]?.epoch ?? 0) + Int64(roll % 2)
            run.stage = [nil, "a", "b"][Int(roll % 3)]
            run.fields["amount"] = .int(Int64(roll % 7))
        }
        let signals = try await store.signals(of: [run.id], limit: 100)
        let write = RunWrite(run, after: before, taken: Array(signals.prefix(Int(roll % 3))))
        return "\(try await store.commit(write).isCommitted)"
    }

    private static func decisionID(_ number: UInt64) -> Identifier { F.id(9_000 + number) }

    private static func decide(_ roll: UInt64, in store: any Store) async throws -> String {
        let id = decisionID(roll % 5)
        let state: DecisionState = roll % 2 == 0 ? .decided : .review
        var record = DecisionRecord(
            id: id,
            policy: "p",
            release: StoreFixture.release,
            key: nil,
            source: "run:x",
            caller: "c",
            createdAt: F.now,
            state: state
        )
        var write = DecisionWrite.insert(record, key: nil)
        if let known = try await store.decision(id) {
            record = known
            record.state = state
            write = .update(record)
        }
        let change = Change(entries: [StoreFixture.entry(record)], decision: write)
        return "\(try await store.commit([change]).map(\.isCommitted))"
    }

    /// Everything that a store can be asked, one line each.
    private static func answers(of store: any Store, _ known: [Identifier]) async throws -> [String]
    {
        let later = F.now + .seconds(500)
        let runs = try await store.runs(known)
        let signals = try await store.signals(of: known, limit: 100)
        var byField = RunQuery(limit: 999)
        byField.sort = .field("amount", descending: true)
        return [
            "\(known.map { runs[$0].map { "\(RunSummary($0)) \($0.active.sorted { $0.key < $1.key })" } })",
            "\(signals.map { "\($0.run) \($0.step) \($0.content)" })",
            "\(try await store.ready(kind: nil, perFlow: 9, limit: 99))",
            "\(try await store.ready(kind: "ocr", perFlow: 9, limit: 99))",
            "\(try await store.due(by: later, limit: 999))",
            "\(try await store.nextDue() as Any)",
            "\(try await store.waiters(kind: "event", key: "e", after: nil, limit: 999))",
            "\(try await store.waiters(kind: "slot", key: "k", after: nil, limit: 999))",
            "\(try await store.stageCounts(nil))",
            "\(try await store.slots("k"))",
            "\(try await store.runs(on: StoreFixture.release, limit: 999).map(\.id))",
            "\(try await store.runs(byField).map(\.id))",
            "\(try await store.runs(RunQuery(limit: 999)).map(\.id))",
            "\(try await store.runChanges(after: 0, limit: 9_999))",
        ]
    }
}
