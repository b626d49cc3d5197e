import Engine
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Events find the steps that wait for them, and leave the others alone.
struct RunEventTests {
    /// Counts the runs that are read whole.
    private final class Counting: WrappingStore {
        let store: MemoryStore
        private let state = Mutex(0)
        var reads: Int { state.withLock { $0 } }

        init(_ store: MemoryStore) { self.store = store }

        func run(_ id: Identifier) async throws(StoreError) -> Run? {
            state.withLock { $0 += 1 }
            return try await store.run(id)
        }
    }

    private static let flow = """
        flow: parcel
        input: {order: any, depot?: string}
        steps:
          - id: sent
            wait:
              event:
                type: parcel.sent
                match: event.source == '/shop' && event.data.order == input.order && event.data.n > 1
          - id: seen
            when: has(input.depot)
            wait: {event: {type: parcel.seen, match: "input.?depot.orValue('?') + '-3' == string(event.data.place)"}}
        """

    private static func event(_ order: JSON, n: Int64 = 2, source: String = "/shop") -> JSON {
        ["source": .string(source), "data": ["order": order, "n": .int(n), "place": "north-3"]]
    }

    @Test func `of many that wait for one type, those alone are asked who wait for that value`()
        async throws
    {
        let store = Counting(MemoryStore(secret: [UInt8](repeating: 3, count: 32)))
        try await RunWorld.run(["parcel": Self.flow], store: store) { world in
            var ids: [Identifier] = []
            for number in 0..<60 {
                ids.append(try await world.start("parcel", ["order": .string("o-\(number)")]))
            }
            let numeric = try await world.start("parcel", ["order": 7])
            for id in ids + [numeric] { _ = try await world.run(id) { $0.active[0] != nil } }
            let before = store.reads
            func sent(_ event: JSON) async throws -> Int {
                try await world.desk.arrived(event: event, type: "parcel.sent").taken
            }
            #expect(try await sent(Self.event("o-60")) == 0)
            #expect(try await sent(["source": "/shop", "data": ["n": 2]]) == 0)
            #expect(store.reads == before)
            // Found, but the rest of the condition says no.
            #expect(try await sent(Self.event("o-5", n: 1)) == 0)
            #expect(try await sent(Self.event("o-5", source: "/other")) == 0)
            #expect(try await sent(Self.event("o-5")) == 1)
            #expect(try await sent(Self.event("o-5")) == 0)
            #expect(try await sent(Self.event(.double(7))) == 1)
            #expect(store.reads - before <= 5)
            #expect(try await world.run(ids[5]).state == .completed)
            #expect(try await world.run(numeric).state == .completed)
            #expect(try await world.run(ids[6]) { $0.active[0] != nil }.state == .running)
        }
    }

    @Test func `a condition of another form asks every step that waits for the type`() async throws
    {
        try await RunWorld.run(["parcel": Self.flow]) { world in
            var ids: [Identifier] = []
            for depot in ["north", "south", "north"] {
                let id = try await world.start("parcel", ["order": ["a"], "depot": .string(depot)])
                _ = try await world.run(id) { $0.active[0] != nil }
                ids.append(id)
            }
            // A list has no text to be found by, so that all three are asked.
            #expect(
                try await world.desk.arrived(event: Self.event(["a"]), type: "parcel.sent").taken
                    == 3
            )
            for id in ids { _ = try await world.run(id) { $0.active[1] != nil } }
            #expect(
                try await world.desk.arrived(event: Self.event("x"), type: "parcel.seen").taken == 2
            )
            #expect(try await world.run(ids[1]) { $0.active[1] != nil }.state == .running)
        }
    }

    @Test func `a run whose release cannot be loaded keeps an event from no other`() async throws {
        try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            let old = [
                "parcel": Self.flow.replacing("flow: parcel", with: "flow: parcel\ntitle: old")
            ]
            let before = try await RunWorld(time, flows: old, store: store)
            let gone = try await before.start("parcel", ["order": "o-1"])
            let world = try await RunWorld(
                time,
                flows: ["parcel": Self.flow],
                store: store,
                seed: 2
            )
            let there = try await world.start("parcel", ["order": "o-1"])
            let reach = try await world.desk.arrived(
                event: Self.event("o-1"),
                type: "parcel.sent"
            )
            #expect(reach == EventReach(taken: 1, failed: 1))
            #expect(try await store.run(there)?.active[0] == nil)
            #expect(try await store.run(gone)?.active[0]?.wait != nil)
        }
    }

    @Test func `a type that looks like a key finds nothing`() async throws {
        try await RunWorld.run(["parcel": Self.flow]) { world in
            let id = try await world.start("parcel", ["order": "o-1"])
            let run = try await world.run(id) { $0.active[0] != nil }
            let key = try #require(run.active[0]?.wait?.key)
            #expect(key.hasPrefix("parcel.sent\u{1F}"))
            #expect(try await world.desk.arrived(event: Self.event("o-1"), type: key).taken == 0)
        }
    }
}
