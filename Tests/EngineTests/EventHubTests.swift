import Decisions
import Engine
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Followers on the threads there are, while the log and the runs grow from several sides.
struct EventHubTests {
    /// Fails to be read every third time.
    private final class FlakyStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
        private let reads = Mutex(0)

        private func read() throws(StoreError) {
            let count = reads.withLock { reads in
                reads += 1
                return reads
            }
            if count % 3 == 0 { throw StoreError(.unavailable, "not now") }
        }

        func bareEntries(from sequence: Int64, limit: Int) async throws(StoreError) -> [BareEntry] {
            try read()
            return try await store.bareEntries(from: sequence, limit: limit)
        }

        func runChanges(after number: Int64, limit: Int) async throws(StoreError) -> [RunChange] {
            try read()
            return try await store.runChanges(after: number, limit: limit)
        }
    }

    /// What one follower was told.
    private struct Heard {
        var entries: [Int64] = []
        var changes: [Int64] = []
        var gaps: [ClosedRange<Int64>] = []
        var positions: [EventPosition] = []
    }

    private static func run(_ number: UInt64) -> Run {
        Run(
            id: StoreFixture.id(number),
            root: StoreFixture.id(number),
            plan: Run.Plan(flow: "f", release: StoreFixture.release),
            parent: nil,
            caller: "c",
            startedAt: StoreFixture.now,
            input: .inline(.null)
        )
    }

    /// A decision and a run, in one change or in two.
    private static func changes(_ numbers: Range<UInt64>) -> [Change] {
        numbers.flatMap { number -> [Change] in
            var change = StoreFixture.decided(number)
            let write = RunWrite(run(number), after: nil)
            if number % 2 == 0 { return [change, Change(entries: [], runs: [write])] }
            change.runs = [write]
            return [change]
        }
    }

    /// What one follower hears until that position.
    private static func hears(
        _ follower: EventFollower,
        until last: EventPosition,
        _ clock: VirtualTime
    ) async -> Heard {
        var heard = Heard()
        while follower.position.entry < last.entry || follower.position.change < last.change {
            switch await follower.next(until: clock.now + .seconds(15)) {
            case .events(let events):
                for told in events {
                    heard.positions.append(told.position)
                    switch told.event {
                    case .entry(let event): heard.entries.append(event.sequence)
                    case .run(let event): heard.changes.append(event.sequence)
                    case .gap(let gap): heard.gaps.append(gap.missing)
                    }
                }
            case .quiet: continue
            case .stopped: return heard
            }
        }
        return heard
    }

    /// Works while the hub does.
    private static func following(
        _ store: any Store,
        _ clock: VirtualTime,
        _ work: @escaping @Sendable (EventHub) async throws -> Void
    ) async throws {
        let hub = EventHub(store: store, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await hub.run() }
            do {
                try await work(hub)
            } catch {
                hub.stop()
                throw error
            }
            hub.stop()
            try await group.waitForAll()
        }
        #expect(hub.listeners == 0)
    }

    @Test func `each hears every entry and change once, though the store fails now and then`()
        async throws
    {
        let store = FlakyStore()
        let clock = VirtualTime()
        defer { clock.stop() }
        let (writers, rounds, batch) = (4, 30, UInt64(10))
        let all = Int64(writers * rounds) * Int64(batch)
        let last = EventPosition(entry: all, change: all)
        try await Self.following(store, clock) { hub in
            try await withThrowingTaskGroup(of: Void.self) { work in
                for writer in 0..<writers {
                    work.addTask {
                        for round in 0..<rounds {
                            let first = UInt64(writer * rounds + round) * batch
                            _ = try await store.commit(Self.changes(first..<first + batch))
                            // Some as this process does, some as another would.
                            if round % 2 == 0 { hub.wake() }
                        }
                    }
                }
                for number in 0..<8 {
                    work.addTask {
                        let start =
                            number % 2 == 0
                            ? EventPosition(entry: 0, change: 0)
                            : EventPosition(
                                entry: try await store.head().count,
                                change: try await store.lastRunChange()
                            )
                        let follower = try await hub.follow(
                            after: EventStart(entry: start.entry, change: start.change)
                        )
                        let heard = await Self.hears(follower, until: last, clock)
                        #expect(heard.entries == Array((start.entry..<all).map { $0 + 1 }))
                        #expect(heard.changes == Array((start.change..<all).map { $0 + 1 }))
                        #expect(heard.gaps.isEmpty)
                    }
                }
                try await work.waitForAll()
            }
        }
    }

    @Test func `who comes back at any place goes on in both`() async throws {
        try await VirtualTime.run { clock in
            let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
            _ = try await store.commit(Self.changes(1..<41))
            try await Self.following(store, clock) { hub in
                let last = EventPosition(entry: 40, change: 40)
                let whole = try await hub.follow(after: EventStart(entry: 0, change: 0))
                let first = await Self.hears(whole, until: last, clock)
                #expect(first.positions.count == 80)
                for position in first.positions {
                    let start = EventStart(entry: position.entry, change: position.change)
                    let again = try await hub.follow(after: start)
                    let heard = await Self.hears(again, until: last, clock)
                    #expect(heard.entries == Array((position.entry..<40).map { $0 + 1 }))
                    #expect(heard.changes == Array((position.change..<40).map { $0 + 1 }))
                }
                // What was given before there were changes leaves out those so far.
                let old = try await hub.follow(after: EventStart(entry: 38))
                #expect(old.position == EventPosition(entry: 38, change: 40))
                let heard = await Self.hears(old, until: last, clock)
                #expect(heard.entries == [39, 40] && heard.changes.isEmpty)
            }
        }
    }

    @Test func `who catches up is told what happened as it happened`() async throws {
        try await VirtualTime.run { clock in
            let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
            // Long stretches of one kind, longer than what is read at a time.
            var number: UInt64 = 0
            for (stretch, count) in [400, 300, 5, 3, 600, 1, 1, 700].enumerated() {
                for _ in 0..<count {
                    number += 1
                    let at = StoreFixture.now + .milliseconds(Int64(number))
                    let change: Change
                    if stretch % 2 == 0 {
                        var run = Self.run(number)
                        run.updatedAt = at
                        change = Change(entries: [], runs: [RunWrite(run, after: nil)])
                    } else {
                        let facts = JSONObject(uniqueMembers: [])
                        let entry = Entry(.administered, decision: nil, at: at, facts: facts)
                        change = Change(entries: [entry])
                    }
                    _ = try await store.commit([change])
                }
            }
            try await Self.following(store, clock) { hub in
                let follower = try await hub.follow(after: EventStart(entry: 0, change: 0))
                let last = EventPosition(entry: 1_004, change: 1_006)
                let heard = await Self.hears(follower, until: last, clock)
                let expected = [
                    (400, 0), (400, 300), (405, 300), (405, 303), (1_005, 303), (1_005, 304),
                    (1_006, 304), (1_006, 1_004),
                ].map { EventPosition(entry: $0.1, change: $0.0) }
                #expect(heard.positions.count == 2_010)
                for position in expected { #expect(heard.positions.contains(position)) }
            }
        }
    }

    @Test func `what is no longer kept is told as a gap, to who is behind and to who sleeps`()
        async throws
    {
        try await VirtualTime.run { clock in
            let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32), runChanges: 10)
            _ = try await store.commit(Self.changes(1..<6))
            try await Self.following(store, clock) { hub in
                let slow = try await hub.follow(after: EventStart(entry: 0, change: 2))
                // The hub itself is at the end, and then far behind what another process does.
                let near = try await hub.follow(after: nil)
                _ = try await store.commit(Self.changes(6..<1_100))
                let kept = try #require(try await store.runChanges(after: 0, limit: 1).first)
                #expect(kept.number > 5)
                let last = EventPosition(entry: 1_099, change: 1_099)
                for (follower, from) in [(slow, 3), (near, 6)] as [(EventFollower, Int64)] {
                    let heard = await Self.hears(follower, until: last, clock)
                    #expect(heard.gaps == [from...kept.number - 1])
                    #expect(heard.changes == Array(kept.number...1_099))
                    #expect(heard.entries.last == 1_099)
                }
            }
        }
    }

    @Test
    func `what another process does is told within half a second, what this one does at once`()
        async throws
    {
        try await VirtualTime.run { clock in
            let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
            try await Self.following(store, clock) { hub in
                let follower = try await hub.follow(after: nil)
                for (number, isHere) in [(1, true), (2, false), (3, true)] as [(UInt64, Bool)] {
                    try await clock.sleep(for: .milliseconds(730))
                    let began = clock.now
                    let write = RunWrite(Self.run(number), after: nil)
                    _ = try await store.commit([Change(entries: [], runs: [write])])
                    if isHere { hub.wake() }
                    let last = EventPosition(entry: 0, change: Int64(number))
                    _ = await Self.hears(follower, until: last, clock)
                    #expect(clock.now - began <= .milliseconds(isHere ? 20 : 520))
                }
            }
        }
    }

    @Test func `what is not there yet cannot be followed, and is told by its number`() async throws
    {
        let clock = VirtualTime()
        defer { clock.stop() }
        let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
        _ = try await store.commit(Self.changes(1..<4))
        let hub = EventHub(store: store, clock: clock)
        for (start, word) in [
            (EventStart(entry: 4, change: 0), "the log ends with entry 3"),
            (EventStart(entry: 3, change: 4), "the last change of a run is number 3"),
        ] {
            let error = await #expect(throws: EngineError.self) {
                try await hub.follow(after: start)
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains(word) == true)
        }
        #expect(hub.listeners == 0)
    }
}
