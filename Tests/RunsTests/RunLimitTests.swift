import Flows
import Runs
import Testing
import Values

/// A run that reaches a bound says so, and can be looked at and mended.
@Suite struct RunLimitTests {
    private static let loop = """
          - id: one
            work: {kind: a}
        """

    private func begin(_ fixture: RunFixture, _ change: (inout Run) -> Void) -> Run {
        var run = fixture.run
        change(&run)
        return run
    }

    @Test func `a long history pauses the run, which goes on as far again once it is resumed`()
        throws
    {
        let fixture = try RunFixture(Self.loop)
        let run = begin(fixture) { $0.history = Limits.history - 1 }
        let step = try fixture.active("one")
        let claimed = try run.advance(
            .claimed(step: step.step, epoch: step.epoch, by: "w", until: fixture.now),
            in: fixture.flow,
            at: fixture.now,
            chance: 0
        ).run
        #expect(claimed.state == .paused)
        #expect(claimed.reason?.contains("\(Limits.history) events") == true)
        // What was done counts still.
        var later = claimed
        later.version += 1
        let leased = try #require(claimed.active[0])
        let ended = try later.advance(
            .succeeded(step: 0, epoch: leased.epoch, output: .inline(1)),
            in: fixture.flow,
            at: fixture.now,
            chance: 0
        ).run
        #expect(ended.state == .paused)
        #expect(ended.ended[0]?.state == .succeeded)
        let resumed = try ended.advance(
            .acted(.resume, by: "ada"),
            in: fixture.flow,
            at: fixture.now,
            chance: 0
        ).run
        #expect(resumed.state == .completed)
    }

    @Test func `runs are only so deep`() throws {
        let fixture = try RunFixture(
            """
              - {id: call, flow: below, with: {message: "${{ input.message }}"}}
            """
        )
        func depth(_ depth: Int) throws -> Run {
            let id = Identifier(high: 1, low: 2)
            let parent = Run.Parent(run: id, step: 0, item: 0, generation: 1, depth: depth)
            let run = Run(
                id: Identifier(high: 1, low: 3),
                root: id,
                plan: fixture.first.plan,
                parent: parent,
                caller: "ada",
                startedAt: fixture.now,
                input: fixture.first.input
            )
            return try run.advance(.begun, in: fixture.flow, at: fixture.now, chance: 0).run
        }
        #expect(try depth(Limits.depth - 1).state == .running)
        let deepest = try depth(Limits.depth)
        #expect(deepest.state == .dead)
        #expect(deepest.active[0]?.failure?.kind == "limit")
        #expect(deepest.reason?.contains("\(Limits.depth) deep") == true)
    }

    @Test func `an output is only so large`() throws {
        let large = JSON.string(String(repeating: "x", count: Limits.outputBytes))
        guard case .failure(let failure) = Payload.keeping(large, beside: 0) else {
            Issue.record("it was kept")
            return
        }
        #expect(failure.kind == "limit")
        let small = JSON.string(String(repeating: "x", count: 300))
        guard case .success((.inline, _)) = Payload.keeping(small, beside: 0),
            case .success((.resource, _)) = Payload.keeping(small, beside: Limits.runBytes)
        else {
            Issue.record("a full row keeps small values apart, another does not")
            return
        }
    }

    @Test func `only so many steps are under way, and further ones begin as those end`() throws {
        let branches = (0..<4).map { branch in
            let inner = (0..<50).map {
                "        b\(branch)_\($0): [{id: s\(branch)_\($0), work: {kind: a}}]"
            }
            return "      p\(branch):\n        - id: q\(branch)\n          parallel:\n"
                + inner.map { "    " + $0 }.joined(separator: "\n")
        }
        let fixture = try RunFixture(
            "  - id: all\n    parallel:\n" + branches.joined(separator: "\n")
        )
        #expect(fixture.run.active.count == Limits.active)
        var ended = 0
        while let step = fixture.run.active.values.min(by: { $0.step < $1.step }) {
            try fixture.send(.succeeded(step: step.step, epoch: step.epoch, output: .inline(1)))
            ended += 1
        }
        #expect(ended == 200)
        #expect(fixture.run.state == .completed)
    }
}
