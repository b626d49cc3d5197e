import Flows
import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import Engine

/// Runs as people look at them.
struct RunSightTests {
    private static func flow(_ title: String) -> String {
        """
        flow: one
        title: \(title)
        steps: [{id: a, work: {kind: first}}]
        """
    }

    @Test func `a run whose release cannot be loaded is told of, and hides no other`()
        async throws
    {
        try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            let before = try await RunWorld(time, flows: ["one": Self.flow("old")], store: store)
            let gone = try await before.start("one")
            let world = try await RunWorld(
                time,
                flows: ["one": Self.flow("new")],
                store: store,
                seed: 2
            )
            let there = try await world.start("one")
            let sights = try await world.desk.sights([gone, there, Identifier(high: 1, low: 1)])
            try #require(sights.count == 2)
            guard case .withoutFlow(let run, let reason) = sights[0] else {
                Issue.record("the release of the first is not there: \(sights[0])")
                return
            }
            #expect(run.id == gone)
            #expect(reason == "another release")
            guard case .whole(let view) = sights[1] else {
                Issue.record("the second is as it should be: \(sights[1])")
                return
            }
            #expect(view.run.id == there)
            #expect(view.flow?.title == "new")
            await #expect(throws: EngineError.self) { try await world.desk.view(gone) }
        }
    }

    @Test func `a dead letter whose release cannot be loaded is told of, and hides no other`()
        async throws
    {
        try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            var failed: [Identifier] = []
            for (seed, title) in [(1, "old"), (2, "new")] as [(UInt64, String)] {
                let world = try await RunWorld(
                    time,
                    flows: ["one": Self.flow(title)],
                    store: store,
                    seed: seed
                )
                failed.append(try await world.start("one"))
                let work = try await world.desk.claimWork(
                    kinds: ["first"],
                    by: "w",
                    limit: 1,
                    lease: nil
                )
                let item = try #require(work.first)
                _ = try await world.desk.failWork(
                    item.run,
                    step: item.number,
                    epoch: item.epoch,
                    message: "no",
                    mayPass: false
                )
                try await time.sleep(for: .seconds(1))
            }
            let world = try await RunWorld(
                time,
                flows: ["one": Self.flow("new")],
                store: store,
                seed: 3
            )
            let (letters, next) = try await world.desk.deadLetters(limit: 10)
            #expect(letters.map(\.view.run.id) == failed)
            #expect(next == nil)
            #expect(letters.map { $0.json["step"] } == [.null, "a"])
            #expect(letters.map { $0.json["unreadable"] } == ["another release", nil])
            #expect(letters.allSatisfy { $0.json["failure"]?["message"] == "no" })
        }
    }
}

struct RunQueryTextTests {
    @Test func `a condition is found whatever follows its relation`() {
        #expect(
            RunQuery.Condition("order=\u{301}x")
                == RunQuery.Condition("order", .equal, "\u{301}x")
        )
        #expect(RunQuery.Condition(" amount > 1.5 ") == .init("amount", .greater, 1.5))
        #expect(RunQuery.Condition("amount<") == nil)
        #expect(RunQuery.Condition("=1") == nil)
        #expect(RunQuery.Condition("amount") == nil)
    }
}
