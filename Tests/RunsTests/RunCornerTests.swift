import Runs
import Testing
import Values

/// Corners of the run machine that random simulation reached first.
struct RunCornerTests {
    @Test func `a lease of a clock that was set back ends earlier, and began by now at the latest`()
        throws
    {
        let run = try RunFixture("  - {id: one, work: {kind: a}}")
        try run.claim("one")
        let claimed = try run.active("one")
        run.now = run.now - .seconds(3_600)
        let until = run.now + .seconds(60)
        try run.send(.extended(step: claimed.step, epoch: claimed.epoch, until: until))
        let step = try run.active("one")
        #expect(step.epoch == claimed.epoch)
        #expect(step.since == run.now)
        #expect(step.dueAt == until)
    }

    @Test func `an each that had no items has nothing to undo`() throws {
        let run = try RunFixture(
            """
              - id: all
                each:
                  in: input.tags
                  as: tag
                  do: [{id: one, work: {kind: a}, undo: {work: {kind: b}}}]
              - {id: two, work: {kind: a}, on_failure: abort}
            """,
            input: ["message": "hello", "tags": []]
        )
        try run.fail("two")
        #expect(run.run.state == .failed)
    }

    @Test func `an each undoes its items where they called other flows`() throws {
        let run = try RunFixture(
            """
              - id: all
                each:
                  in: input.tags
                  as: tag
                  do: [{id: one, flow: below, with: {message: "${{ tag }}"}}]
              - {id: two, work: {kind: a}, on_failure: abort}
            """
        )
        try run.ended("all", succeeded: 3)
        try run.succeed("all", [])
        try run.fail("two")
        #expect(try run.request("all") == .tell(.undo, from: 0))
    }

    @Test func `an undo ends though runs of a time before a restart are undone with it`() throws {
        let run = try RunFixture(
            """
              - {id: call, flow: below, with: {message: x}}
              - {id: two, work: {kind: a}, on_failure: abort}
            """
        )
        try run.ended("call", succeeded: 1)
        try run.succeed("call")
        try run.act(.restart(from: run.number("call")))
        try run.ended("call", succeeded: 1)
        try run.succeed("call")
        try run.fail("two")
        let step = try run.active("call")
        try run.send(.told(step: step.step, epoch: step.epoch, through: 1))
        try run.ended("call", succeeded: 0, failed: 2)
        #expect(run.run.state == .failed)
    }

    @Test func `a step is taken back by values, or by a flow of its own`() throws {
        let run = try RunFixture(
            """
              - {id: one, work: {kind: a}, undo: {set: {message: gone}}}
              - {id: two, work: {kind: a}, undo: {flow: below, with: {message: back}}}
              - {id: three, work: {kind: a}, on_failure: abort}
            """
        )
        try run.succeed("one")
        try run.succeed("two")
        try run.fail("three")
        #expect(run.run.state == .undoing)
        #expect(run.starts.last?.flow == "below")
        #expect(run.starts.last?.input == .inline(["message": "back"]))
        try run.ended("two", succeeded: 1)
        guard case .gather = try run.request("two") else {
            Issue.record("what the run below gave is looked at next")
            return
        }
        try run.succeed("two")
        #expect(run.run.state == .failed)
        #expect(run.run.fields["message"] == "gone")
    }

    @Test func `a flow that should take a step back and fails is parked, and can be retried`()
        throws
    {
        let run = try RunFixture(
            """
              - {id: one, work: {kind: a}, undo: {flow: below, with: {message: back}}}
              - {id: two, work: {kind: a}, on_failure: abort}
            """
        )
        try run.succeed("one")
        try run.fail("two")
        try run.ended("one", succeeded: 0, failed: 1)
        #expect(run.run.state == .dead)
        try run.act(.retry(step: run.number("one"), input: nil))
        #expect(run.starts.count == 2)
        try run.ended("one", succeeded: 1)
        try run.succeed("one")
        #expect(run.run.state == .failed)
    }

    @Test func `a step whose deadline has passed is not due again while its runs end`() throws {
        let run = try RunFixture(
            """
              - id: call
                flow: below
                with: {message: "${{ input.message }}"}
                deadline: 1h
                on_failure: continue
            """
        )
        try run.due("call")
        let step = try run.active("call")
        try run.send(.told(step: step.step, epoch: step.epoch, through: 1))
        #expect(try run.active("call").dueAt == nil)
        try run.ended("call", succeeded: 0, failed: 1)
        #expect(run.run.state == .completed)
        #expect(run.run.ended[step.step]?.failure?.kind == "deadline")
    }

    @Test func `what waited in vain waits again as often as it may, and never succeeds by that`()
        throws
    {
        let run = try RunFixture(
            """
              - id: called
                wait: {callback: {}}
                deadline: 1h
                retry: {attempts: 2, backoff: 1s..1s, on: [deadline]}
            """
        )
        try run.due("called")
        #expect(try run.active("called").state.isTimer)
        try run.due("called")
        #expect(try run.active("called").state == .waiting(.callback))
        #expect(try run.active("called").deadline == run.now + .seconds(3_600))
        try run.due("called")
        #expect(run.run.state == .dead)
        #expect(try run.active("called").failure?.kind == "deadline")
    }

    @Test func `a decision that came too late is asked for anew, not withdrawn for ever`() throws {
        let run = try RunFixture(
            """
              - id: ask
                decide: triage
                with: {message: "${{ input.message }}"}
                deadline: 1h
                retry: {attempts: 2, backoff: 1s..1s, on: [deadline]}
            """
        )
        let step = try run.active("ask")
        let decision = Identifier(high: 9, low: 9)
        try run.send(.waits(step: step.step, epoch: step.epoch, .decision(decision)))
        try run.due("ask")
        let cancelled = try run.active("ask")
        try run.send(.cancelled(step: cancelled.step, epoch: cancelled.epoch))
        try run.due("ask")
        #expect(try run.request("ask") == .decide(policy: "triage", input: ["message": "hello"]))
    }

    @Test func `a run resumed with nothing but parked steps says again why it stands still`() throws
    {
        let run = try RunFixture("  - {id: one, work: {kind: a}}")
        try run.fail("one")
        #expect(run.run.state == .dead)
        try run.act(.pause)
        try run.act(.resume)
        #expect(run.run.state == .dead)
        #expect(run.run.reason == "step one: no")
    }

    @Test func `a step that pauses a run which stands still already leaves it resumable`() throws {
        let run = try RunFixture(
            """
              - {id: one, work: {kind: a}, on_failure: pause}
              - {id: two, work: {kind: a}}
            """
        )
        try run.claim("one")
        try run.act(.pause)
        try run.fail("one")
        try run.act(.skip(step: run.number("one"), output: nil))
        #expect(run.run.state == .running)
        #expect(try run.active("two").state == .ready)
    }

    @Test func `a step whose condition has no value is retried from its condition on`() throws {
        let run = try RunFixture(
            """
              - {id: first, work: {kind: a, output: {n: integer}}}
              - {id: one, work: {kind: b}, when: "steps.first.output.n > 0"}
            """
        )
        try run.act(.skip(step: run.number("first"), output: nil))
        #expect(run.run.state == .dead)
        try run.act(.retry(step: run.number("one"), input: nil))
        // What the condition reads is as it was.
        #expect(run.run.state == .dead)
        #expect(try run.active("one").failure?.kind == "expression")
        try run.act(.restart(from: run.number("first")))
        try run.act(.skip(step: run.number("first"), output: ["n": 1]))
        #expect(try run.active("one").state == .ready)
    }

    @Test func `a deadline that passed before an abort begins nothing anew`() throws {
        let run = try RunFixture(
            """
              - id: both
                parallel:
                  l: [{id: call, flow: below, with: {message: x}, deadline: 1h, retry: {attempts: 3}}]
                  r: [{id: one, work: {kind: a}, on_failure: abort}]
            """
        )
        try run.due("call")
        let step = try run.active("call")
        try run.send(.told(step: step.step, epoch: step.epoch, through: 1))
        try run.claim("one")
        try run.act(.pause)
        try run.fail("one")
        #expect(run.run.state == .paused)
        let told = try run.active("call")
        try run.send(.told(step: told.step, epoch: told.epoch, through: 1))
        try run.ended("call", succeeded: 0, failed: 1)
        #expect(try run.end("call") == .cancelled)
        try run.act(.resume)
        #expect(run.run.state == .failed)
        #expect(run.starts.count == 1)
    }

    @Test(arguments: [
        "work: {kind: b}, when: 'steps.first.output.n > 0'",
        "set: {message: '${{ string(steps.first.output.n) }}'}",
        "switch: [{when: steps.first.output.n > 0, do: [{id: inner, work: {kind: b}}]}]",
        "parallel: {l: [{id: inner, work: {kind: b}}]}, when: 'steps.first.output.n > 0'",
        "each: {in: '[steps.first.output.n]', as: i, do: [{id: inner, work: {kind: b}}]}",
    ])
    func `what is done instead of a step whose expression has no value is done before the next`(
        work: String
    ) throws {
        let run = try RunFixture(
            """
              - {id: first, work: {kind: a, output: {n: integer}}}
              - {id: one, \(work), on_failure: {do: [{id: instead, work: {kind: b}}]}}
              - {id: last, work: {kind: a}}
            """
        )
        try run.act(.skip(step: run.number("first"), output: nil))
        #expect(try run.end("one") == .failed)
        #expect(run.run.active.keys.sorted() == [try run.number("instead")])
        try run.succeed("instead")
        #expect(run.run.active.keys.sorted() == [try run.number("last")])
        try run.succeed("last")
        #expect(run.run.state == .completed)
    }

    @Test func `a worker's step that is retried before it had begun is the worker's`() throws {
        let run = try RunFixture(
            """
              - {id: first, work: {kind: a, output: {n: integer}}}
              - {id: one, work: {kind: b}, when: "steps.first.output.n > 0"}
            """
        )
        try run.act(.skip(step: run.number("first"), output: nil))
        // Who gives its input wants it done.
        try run.act(.retry(step: run.number("one"), input: ["x": 1]))
        #expect(run.run.state == .running)
        #expect(try run.active("one").state == .ready)
        #expect(try run.active("one").kind == "b")
        #expect(try run.request("one") == .external(kind: "b", input: ["x": 1]))
    }

    @Test func `a run whose last step ends while it is paused is whole, and ends when it goes on`()
        throws
    {
        let run = try RunFixture("  - {id: one, work: {kind: a}}")
        try run.claim("one")
        try run.act(.pause)
        try run.succeed("one")
        #expect(run.run.state == .paused)
        #expect(run.run.active.isEmpty)
        #expect(run.run.faults(in: run.flow).isEmpty)
        try run.act(.resume)
        #expect(run.run.state == .completed)
    }

    @Test func `a retry that resumes a paused run resumes the runs below, too`() throws {
        let run = try RunFixture(
            """
              - id: both
                parallel:
                  l: [{id: call, flow: below, with: {message: x}}]
                  r: [{id: one, work: {kind: a}}]
            """
        )
        try run.fail("one")
        try run.act(.pause)
        let step = try run.active("call")
        try run.send(.told(step: step.step, epoch: step.epoch, through: 1))
        try run.act(.retry(step: run.number("one"), input: nil))
        #expect(run.run.state == .running)
        #expect(try run.request("call") == .tell(.resume, from: 0))
    }
}

extension ActiveStep.State {
    fileprivate var isTimer: Bool {
        if case .waiting(.timer) = self { true } else { false }
    }
}
