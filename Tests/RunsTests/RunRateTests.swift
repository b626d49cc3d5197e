import Flows
import Runs
import Testing
import Values

/// What the run machine does with a step that waits for its rate.
struct RunRateTests {
    private func active(_ fixture: RunFixture) throws -> ActiveStep {
        try #require(fixture.run.active[0])
    }

    private func wait(_ fixture: RunFixture, _ seconds: Int64) throws -> Instant {
        let until = fixture.now + .seconds(seconds)
        let step = try active(fixture)
        try fixture.send(.waits(step: 0, epoch: step.epoch, .rate("test/a", until: until)))
        return until
    }

    private func due(_ fixture: RunFixture) throws {
        try fixture.send(.due(step: 0, epoch: try active(fixture).epoch))
    }

    @Test func `waiting for a rate is no attempt, and its moment wakes it`() throws {
        let fixture = try RunFixture("  - {id: a, work: {kind: k}, rate: 1/s}")
        let until = try wait(fixture, 3)
        var step = try active(fixture)
        #expect(step.state == .waiting(.rate("test/a", until: until)))
        #expect(step.attempt == 0)
        #expect(step.dueAt == until)
        #expect(throws: RunRefusal.self) { try due(fixture) }
        fixture.now = until
        try due(fixture)
        step = try active(fixture)
        #expect(step.state == .ready)
        #expect(step.promised == until)
        // It may be told another moment, and is then not promised the first.
        let next = try wait(fixture, 5)
        #expect(try active(fixture).promised == nil)
        fixture.now = next
        try due(fixture)
        let lease = fixture.now + .seconds(60)
        let epoch = try active(fixture).epoch
        try fixture.send(.claimed(step: 0, epoch: epoch, by: "w", until: lease))
        step = try active(fixture)
        #expect(step.attempt == 1)
        #expect(step.promised == nil)
        // What is leased or waits otherwise does not go back.
        #expect(throws: RunRefusal.self) { try wait(fixture, 1) }
    }

    @Test func `a deadline ends the waiting for a rate, and a later attempt waits again`() throws {
        let fixture = try RunFixture(
            """
              - id: a
                work: {kind: k}
                rate: 1/h
                deadline: 10s
                retry: {attempts: 2, backoff: 1s..1s, on: [deadline]}
            """
        )
        _ = try wait(fixture, 3_600)
        #expect(try active(fixture).dueAt == fixture.now + .seconds(10))
        fixture.now = fixture.now + .seconds(10)
        try due(fixture)
        #expect(try active(fixture).failure?.kind == "deadline")
        fixture.now = try #require(try active(fixture).dueAt)
        try due(fixture)
        #expect(try active(fixture).state == .ready)
        _ = try wait(fixture, 3_600)
        fixture.now = fixture.now + .seconds(20)
        try due(fixture)
        #expect(fixture.run.state == .dead)
    }

    @Test func `a run waits for its rate before it begins, and between that and a slot`() throws {
        let flow = try RunFixture.flow("  - {id: a, work: {kind: k}}")
        let now = RunFixture.start
        var run = Run(
            id: Identifier(high: 1, low: 1),
            root: Identifier(high: 1, low: 1),
            plan: Run.Plan(flow: flow.name, release: .zero),
            parent: nil,
            caller: "ada",
            startedAt: now,
            key: "test/1",
            input: .inline(["message": "m", "tags": []]),
            state: .queued
        )
        let slot = Run.slotStep
        run.active[slot] = ActiveStep(step: slot, state: .waiting(.slot("test/1")), at: now)
        #expect(run.waitsForSlot)
        func send(_ event: (ActiveStep) -> RunEvent, at instant: Instant) throws {
            let step = try #require(run.active[slot])
            run = try run.advance(event(step), in: flow, at: instant, chance: 0).run
            run.version += 1
            #expect(run.faults(in: flow).isEmpty, "\(run.faults(in: flow))")
        }
        let until = now + .seconds(2)
        try send({ .waits(step: slot, epoch: $0.epoch, .rate("test/", until: until)) }, at: now)
        #expect(run.state == .queued)
        #expect(!run.waitsForSlot)
        try send({ .due(step: slot, epoch: $0.epoch) }, at: until)
        #expect(run.active[slot]?.promised == until)
        try send({ .waits(step: slot, epoch: $0.epoch, .slot("test/1")) }, at: until)
        #expect(run.waitsForSlot)
        #expect(run.active[slot]?.orderedSince == now)
        try send({ _ in .begun }, at: until)
        #expect(run.state == .running)
        #expect(run.active[0]?.state == .ready)
    }
}
