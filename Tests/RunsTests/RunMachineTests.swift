import Flows
import Runs
import Testing
import Values

@Suite struct RunMachineTests {
    private static let two = """
          - id: one
            stage: first
            work: {kind: a}
            with: {text: "${{ input.message }}"}
          - id: two
            stage: second
            work: {kind: b, output: {n: integer}}
        """

    // MARK: One step after another

    @Test func `steps are done in their order, each with its stage and its input`() throws {
        let run = try RunFixture(Self.two)
        #expect(run.run.stage == "first")
        #expect(run.run.fields == ["message": "hello"])
        #expect(try run.request("one") == .external(kind: "a", input: ["text": "hello"]))
        #expect(try run.active("one").kind == "a")
        try run.claim("one")
        try run.succeed("one", ["x": 1])
        #expect(run.run.stage == "second")
        try run.succeed("two", ["n": 2])
        #expect(run.run.state == .completed)
        #expect(run.run.output == .inline(["n": 2]))
        #expect(run.run.history == 4)
    }

    @Test func `a step whose condition does not hold is skipped, one without a value fails`() throws
    {
        let run = try RunFixture(
            """
              - id: skipped
                when: input.message == 'bye'
                work: {kind: a}
              - id: broken
                when: input.tags[9] == 'a'
                work: {kind: a}
            """
        )
        #expect(try run.end("skipped") == .skipped)
        #expect(run.run.state == .dead)
        #expect(try run.active("broken").failure?.kind == "expression")
        try run.act(.skip(step: run.number("broken"), output: 3))
        #expect(run.run.state == .completed)
        #expect(run.run.output == .inline(3))
    }

    @Test func `a switch takes its first branch that holds, a parallel does all`() throws {
        let run = try RunFixture(
            """
              - id: way
                switch:
                  - when: input.message == 'bye'
                    do: [{id: no, work: {kind: a}}]
                  - when: size(input.tags) == 3
                    do: [{id: yes, set: {taken: true}}]
              - id: both
                parallel:
                  left: [{id: l, work: {kind: a}}]
                  right: [{id: r, work: {kind: a}}, {id: r2, work: {kind: a}}]
            """
        )
        #expect(run.run.ended[try run.number("way")]?.output == .inline(["taken": true]))
        #expect(try run.end("no") == nil)
        try run.succeed("r", 1)
        try run.succeed("l", 2)
        #expect(run.run.state == .running)
        try run.succeed("r2", 3)
        #expect(run.run.output == .inline(["left": 2, "right": 3]))
    }

    // MARK: Failing

    @Test func `a failure that may pass is tried again after a pause that doubles`() throws {
        let run = try RunFixture(
            """
              - id: call
                work: {kind: a}
                retry: {attempts: 3, backoff: 10s..1m}
            """
        )
        let passing = StepFailure("network", "cut", mayPass: true)
        try run.claim("call")
        try run.fail("call", passing)
        #expect(try run.active("call").state == .waiting(.timer(run.now + .seconds(10))))
        try run.due("call")
        try run.claim("call")
        let step = try run.active("call")
        try run.send(
            .failed(step: step.step, epoch: step.epoch, passing),
            chance: 4_000_000
        )
        #expect(try run.active("call").state == .waiting(.timer(run.now + .seconds(16))))
        try run.due("call")
        try run.claim("call")
        try run.fail("call", passing)
        #expect(run.run.state == .dead)
        #expect(try run.active("call").attempt == 3)
        try run.act(.retry(step: run.number("call"), input: ["mended": true]))
        #expect(run.run.state == .running)
        #expect(try run.request("call") == .external(kind: "a", input: ["mended": true]))
    }

    @Test(arguments: [
        ("pause", RunState.paused), ("dead_letter", .dead), ("abort", .failed),
        ("continue", .completed), ("{do: [{id: sorry, set: {said: true}}]}", .completed),
    ])
    func `on_failure decides what becomes of the run`(_ way: String, _ state: RunState) throws {
        let run = try RunFixture(
            """
              - id: call
                work: {kind: a}
                on_failure: \(way)
            """
        )
        try run.fail("call")
        #expect(run.run.state == state)
        if way.hasPrefix("{") { #expect(try run.end("sorry") == .succeeded) }
    }

    @Test func `an abort stops what is under way, then undoes the last step first`() throws {
        let run = try RunFixture(
            """
              - id: book
                work: {kind: book}
                undo: {work: {kind: unbook}}
              - id: pay
                work: {kind: pay}
                undo: {work: {kind: repay}}
              - id: both
                parallel:
                  left: [{id: l, work: {kind: a}}]
                  right: [{id: r, work: {kind: a}, on_failure: abort}]
            """
        )
        try run.succeed("book")
        try run.succeed("pay")
        try run.claim("l")
        try run.fail("r")
        #expect(run.run.state == .undoing)
        #expect(try run.end("l") == .cancelled)
        #expect(try run.active("pay").kind == "repay")
        try run.succeed("pay")
        #expect(try run.active("book").isUndo)
        try run.fail("book")
        #expect(run.run.state == .dead, "what must be undone is not passed over")
        try run.act(.retry(step: run.number("book"), input: nil))
        #expect(run.run.state == .undoing)
        try run.succeed("book")
        #expect(run.run.state == .failed)
        #expect(throws: RunRefusal.self) {
            try run.act(.restart(from: run.number("pay")))
        }
    }

    @Test func `nothing is undone while a person has paused the run`() throws {
        let run = try RunFixture(
            """
              - id: book
                work: {kind: book}
                undo: {work: {kind: unbook}}
              - {id: pay, work: {kind: pay}, on_failure: abort}
            """
        )
        try run.succeed("book")
        try run.claim("pay")
        try run.act(.pause)
        try run.fail("pay")
        #expect(run.run.state == .paused)
        #expect(run.run.active.isEmpty)
        #expect(run.run.faults(in: run.flow) == [])
        try run.act(.resume)
        #expect(try run.active("book").isUndo)
        try run.succeed("book")
        #expect(run.run.state == .failed)
    }

    // MARK: Fences

    @Test func `a result counts once, and only under the epoch it was asked for with`() throws {
        let run = try RunFixture(Self.two)
        let ready = try run.active("one")
        try run.claim("one", until: .seconds(10))
        let leased = try run.active("one")
        #expect(leased.epoch > ready.epoch)
        let early = RunEvent.succeeded(step: ready.step, epoch: ready.epoch, output: .inline(1))
        #expect(throws: RunRefusal.late(step: "one", isNow: "worked on by w")) {
            try run.send(early)
        }
        try run.due("one")
        #expect(try run.active("one").state == .ready, "a lost lease is no failure")
        try run.claim("one")
        let late = RunEvent.succeeded(step: leased.step, epoch: leased.epoch, output: .inline(1))
        #expect(throws: RunRefusal.self) { try run.send(late) }
        let counted = try run.active("one")
        let good = RunEvent.succeeded(
            step: counted.step,
            epoch: counted.epoch,
            output: .inline(2)
        )
        try run.send(good)
        #expect(throws: RunRefusal.self) { try run.send(good) }
        try run.act(.restart(from: run.number("one")))
        #expect(throws: RunRefusal.self) { try run.send(good) }
        #expect(run.run.state == .running)
    }

    @Test func `leases that are lost again and again fail the step`() throws {
        let run = try RunFixture("  - {id: one, work: {kind: a}}")
        for _ in 0...Limits.lostLeases {
            try run.claim("one")
            try run.due("one")
        }
        #expect(try run.active("one").failure?.kind == "lease")
        #expect(run.run.state == .dead)
    }

    // MARK: Waiting

    @Test func `waiting has its own deadline, and takes back what was asked for elsewhere`() throws
    {
        let run = try RunFixture(
            """
              - id: ask
                decide: triage
                with: {message: "${{ input.message }}"}
                deadline: 1h
                on_failure: continue
              - id: nap
                sleep: 2h
            """
        )
        #expect(try run.request("ask") == .decide(policy: "triage", input: ["message": "hello"]))
        let step = try run.active("ask")
        let decision = Identifier(high: 9, low: 9)
        try run.send(.waits(step: step.step, epoch: step.epoch, .decision(decision)))
        #expect(try run.active("ask").dueAt == RunFixture.start + .seconds(3_600))
        try run.due("ask")
        #expect(try run.request("ask") == .withdraw(decision))
        let cancelled = try run.active("ask")
        try run.send(.cancelled(step: cancelled.step, epoch: cancelled.epoch))
        #expect(run.run.ended[step.step]?.failure?.kind == "deadline")
        #expect(try run.active("nap").dueAt == run.now + .seconds(7_200))
        try run.due("nap")
        #expect(run.run.state == .completed)
    }

    // MARK: Runs below

    @Test func `an each starts as many as it may, and puts their outputs together`() throws {
        let run = try RunFixture(
            """
              - id: all
                each:
                  in: input.tags
                  as: tag
                  limit: 2
                  do: [{id: one, work: {kind: a}, with: {tag: "${{ tag }}"}}]
            """
        )
        #expect(run.starts.map(\.item) == [0, 1])
        #expect(run.starts[1].items.first?.value == .inline("b"))
        try run.ended("all", succeeded: 1)
        #expect(run.starts.count == 3)
        try run.ended("all", succeeded: 2)
        guard case .gather(let children) = try run.request("all") else {
            Issue.record("the outputs are put together next")
            return
        }
        #expect(children.succeeded == 3)
        try run.succeed("all", ["x", "y", "z"])
        #expect(run.run.state == .completed)
    }

    @Test func `ten thousand items start a few at a time, and more are refused`() throws {
        let text = """
              - id: all
                each:
                  in: input.tags
                  as: tag
                  limit: 256
                  do: [{id: one, set: {tag: "${{ tag }}"}}]
            """
        let tags = JSON.array((0..<10_000).map { .string("\($0)") })
        let run = try RunFixture(text, input: ["message": "hello", "tags": tags])
        #expect(run.starts.count == Limits.startsAtOnce)
        #expect(try run.request("all") == .startMore)
        try run.ended("all", succeeded: 0)
        #expect(run.starts.count == 2 * Limits.startsAtOnce)
        let more = JSON.array((0..<10_001).map { .string("\($0)") })
        let refused = try RunFixture(text, input: ["message": "hello", "tags": more])
        #expect(try refused.active("all").failure?.kind == "limit")
    }

    @Test func `a failed item fails the each once no other is under way`() throws {
        let run = try RunFixture(
            """
              - id: all
                each: {in: input.tags, as: tag, limit: 3, do: [{id: one, work: {kind: a}}]}
                on_failure: abort
            """
        )
        try run.ended("all", succeeded: 1, failed: 1)
        #expect(run.run.state == .running)
        try run.ended("all", succeeded: 1)
        #expect(run.run.state == .failed)
        #expect(run.run.reason == "step all: 1 of 3 items failed: no")
    }

    @Test func `a cancelled run tells the runs below and waits for their ends`() throws {
        let run = try RunFixture(
            """
              - id: call
                flow: below
                with: {message: "${{ input.message }}"}
            """
        )
        #expect(run.starts.map(\.flow) == ["below"])
        #expect(run.starts.first?.input == .inline(["message": "hello"]))
        try run.act(.cancel(undoing: true))
        #expect(try run.request("call") == .tell(.cancel, from: 0))
        let step = try run.active("call")
        try run.send(.told(step: step.step, epoch: step.epoch, through: 1))
        #expect(run.run.state == .undoing)
        try run.ended("call", succeeded: 0, failed: 1)
        #expect(run.run.state == .cancelled)
    }

    // MARK: Acts

    @Test func `a paused run stands still and goes on where it was`() throws {
        let run = try RunFixture(Self.two)
        try run.act(.pause)
        #expect(run.run.state == .paused)
        #expect(run.run.reason == "paused by ada")
        try run.act(.resume)
        #expect(run.run.state == .running)
        #expect(try run.active("one").state == .ready)
        #expect(throws: RunRefusal.self) { try run.act(.resume) }
    }

    @Test func `a restart keeps what was done before the step`() throws {
        let run = try RunFixture(
            """
              - id: one
                work: {kind: a}
              - id: both
                parallel:
                  left: [{id: l, work: {kind: a}}]
                  right: [{id: r, work: {kind: a}}, {id: r2, work: {kind: a}}]
              - id: last
                work: {kind: a}
            """
        )
        for id in ["one", "l", "r", "r2", "last"] { try run.succeed(id, .string(id)) }
        #expect(run.run.state == .completed)
        try run.act(.restart(from: run.number("r")))
        #expect(try run.end("one") == .succeeded)
        #expect(try run.end("l") == .succeeded)
        #expect(try run.end("r2") == nil)
        try run.succeed("r")
        try run.succeed("r2", 5)
        #expect(
            run.run.ended[try run.number("both")]?.output == .inline(["left": "l", "right": 5])
        )
        try run.succeed("last")
        #expect(run.run.state == .completed)
    }

    @Test func `a large output is kept apart and loaded where it is read`() throws {
        let run = try RunFixture(
            """
              - id: make
                set: {text: "${{ input.message }}"}
              - id: read
                when: size(steps.make.output.text) > 5000
                work: {kind: a}
            """,
            input: ["message": .string(String(repeating: "x", count: 6_000)), "tags": []]
        )
        guard case .resource(let digest, let bytes)? = run.run.ended[0]?.output else {
            Issue.record("it stands in the row")
            return
        }
        #expect(bytes > 6_000)
        #expect(run.resources[digest] != nil)
        #expect(try run.active("read").state == .ready)
    }
}
