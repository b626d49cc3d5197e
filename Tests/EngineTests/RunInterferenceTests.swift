import Flows
import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import Engine

/// Runs that more than one has their hands on.
struct RunInterferenceTests {
    /// A desk of another process, which shares the store alone.
    private static func outside(_ world: RunWorld) -> RunDesk {
        let desk = world.desk
        let keeper = RunKeeper(
            store: world.store,
            releases: desk.keeper.releases,
            surroundings: desk.keeper.surroundings,
            tell: { _, _ in }
        )
        return RunDesk(keeper: keeper) { desk.release }
    }

    private static func finish(_ world: RunWorld, _ kind: String) async throws -> Bool {
        let items = try await world.desk.claimWork(kinds: [kind], by: "w", limit: 1, lease: nil)
        guard let item = items.first else { return false }
        _ = try await world.desk.completeWork(
            item.run,
            step: item.number,
            epoch: item.epoch,
            output: .null
        )
        return true
    }

    @Test func `a run that another process resumed goes on here`() async throws {
        let flow = """
            flow: one
            steps:
              - {id: a, work: {kind: first}}
              - {id: b, work: {kind: second}}
            """
        try await RunWorld.run(["one": flow]) { world in
            let id = try await world.start("one")
            _ = try await world.desk.act(.pause, on: id, by: "ada")
            let outside = Self.outside(world)
            _ = try await outside.act(.resume, on: id, by: "ada")
            #expect(try await Self.finish(world, "first"))
            _ = try await outside.act(.pause, on: id, by: "ada")
            _ = try await world.desk.act(.resume, on: id, by: "ada")
            #expect(try await Self.finish(world, "second"))
            #expect(try await world.run(id).state == .completed)
        }
    }

    @Test func `what a worker did is taken back here when another process cancels the run`()
        async throws
    {
        let flow = """
            flow: one
            steps:
              - {id: a, work: {kind: first}, undo: {decide: refund, with: {amount: 5}}}
              - {id: b, work: {kind: second}}
            """
        try await RunWorld.run(["one": flow]) { world in
            // Here the run is remembered with its first step ready for a worker.
            let id = try await world.start("one")
            let outside = Self.outside(world)
            let item = try #require(
                try await outside.claimWork(kinds: ["first"], by: "w", limit: 1, lease: nil).first
            )
            _ = try await outside.completeWork(
                id,
                step: item.number,
                epoch: item.epoch,
                output: .null
            )
            _ = try await outside.act(.cancel(undoing: true), on: id, by: "ada")
            #expect(try await world.run(id).state == .cancelled)
        }
    }

    @Test func `what came for a paused run counts, though its deadline passes before it goes on`()
        async throws
    {
        let flow = """
            flow: one
            steps: [{id: called, wait: {callback: {}}, deadline: 5s}]
            output: {said: "${{ steps.called.output.said }}"}
            """
        try await RunWorld.run(["one": flow]) { world in
            let id = try await world.start("one")
            let run = try await world.run(id) { $0.active[0] != nil }
            _ = try await world.desk.act(.pause, on: id, by: "ada")
            let token = CallbackToken(run: id, step: 0, epoch: try #require(run.active[0]?.epoch))
            #expect(try await world.desk.arrived(["said": "yes"], at: token))
            try await world.time.sleep(for: .seconds(60))
            _ = try await world.desk.act(.resume, on: id, by: "ada")
            let ended = try await world.run(id)
            #expect(ended.state == .completed)
            #expect(ended.output == .inline(["said": "yes"]))
        }
    }

    @Test func `a run that has ended is restarted only where its key has a slot`() async throws {
        let flow = """
            flow: one
            input: {customer: string}
            concurrency: {key: input.customer, limit: 1, then: queue}
            steps: [{id: a, work: {kind: k}}]
            """
        try await RunWorld.run(["one": flow]) { world in
            let input: JSON = ["customer": "c"]
            let first = try await world.start("one", input)
            #expect(try await Self.finish(world, "k"))
            _ = try await world.run(first)
            let second = try await world.start("one", input)
            await #expect(throws: EngineError.self) {
                _ = try await world.desk.act(.restart(from: 0), on: first, by: "ada")
            }
            #expect(try await Self.finish(world, "k"))
            _ = try await world.run(second)
            _ = try await world.desk.act(.restart(from: 0), on: first, by: "ada")
            #expect(try await world.store.run(first)?.state == .running)
        }
    }

    @Test func `a run below that has nothing to undo says so`() async throws {
        let flows = [
            "above": """
            flow: above
            steps:
              - {id: call, flow: below, with: {}}
              - {id: last, work: {kind: k}, on_failure: abort}
            """,
            "below": "flow: below\nsteps: [{id: a, sleep: 1s}]\n",
        ]
        try await RunWorld.run(flows) { world in
            let id = try await world.start("above")
            _ = try await world.run(id) { $0.active[1]?.isReady == true }
            let item = try #require(
                try await world.desk.claimWork(kinds: ["k"], by: "w", limit: 1, lease: nil).first
            )
            _ = try await world.desk.failWork(
                id,
                step: item.number,
                epoch: item.epoch,
                message: "no",
                mayPass: false
            )
            #expect(try await world.run(id).state == .failed)
        }
    }
}
