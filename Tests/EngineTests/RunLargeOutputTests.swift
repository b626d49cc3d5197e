import Runs
import Testing
import Values

@testable import Engine

/// Outputs that are kept apart from their run, read by the very transition that brings them.
struct RunLargeOutputTests {
    private static let text = String(repeating: "x", count: Runs.Limits.inlineBytes + 1)

    private static let flow = """
        flow: told
        steps:
          - {id: long, work: {kind: write, output: {text: string}}}
          - {id: size, when: "size(steps.long.output.text) > 10", set: {n: "${{ size(steps.long.output.text) }}"}}
        """

    private static func claimed(_ world: RunWorld) async throws -> WorkItem {
        let items = try await world.desk.claimWork(
            kinds: ["write"],
            by: "w",
            limit: 1,
            lease: nil
        )
        return try #require(items.first)
    }

    @Test func `the next step reads a large output that has only just come`() async throws {
        try await RunWorld.run(["told": Self.flow]) { world in
            let id = try await world.start("told")
            let item = try await Self.claimed(world)
            _ = try await world.desk.completeWork(
                id,
                step: 0,
                epoch: item.epoch,
                output: ["text": .string(Self.text)]
            )
            let run = try await world.run(id)
            #expect(run.output == .inline(["n": .int(Int64(Self.text.utf8.count))]))
        }
    }

    @Test func `a run whose last step gives a large list of its items completes with it`()
        async throws
    {
        let flow = """
            flow: all
            input: {numbers(array): number}
            steps:
              - {each: {in: input.numbers, as: n, do: [{id: one, set: {text: "a number, which is ${{ n }}"}}]}}
            """
        try await RunWorld.run(["all": flow]) { world in
            let numbers = (0..<200).map { JSON.int($0) }
            let id = try await world.start("all", ["numbers": .array(numbers)])
            let run = try await world.run(id)
            #expect(run.state == .completed)
            let payload = try #require(run.output)
            guard case .resource = payload else {
                Issue.record("the output is kept in the row")
                return
            }
            #expect(try await world.desk.value(payload)?.array?.count == 200)
        }
    }
}
