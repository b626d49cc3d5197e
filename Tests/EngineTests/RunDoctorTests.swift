import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import Engine

@Suite struct RunDoctorTests {
    private static let flow = """
        flow: ask
        input: {amount: number}
        steps:
          - {id: ask, decide: refund, with: input}
          - {id: work, work: {kind: k}}
        """

    @Test func `a store of runs under way has nothing to mend`() async throws {
        try await RunWorld.run(["ask": Self.flow]) { world in
            for amount in [5, 100, 200] as [Double] {
                _ = try await world.start("ask", ["amount": .double(amount)])
            }
            try await world.time.sleep(for: .seconds(5))
            let doctor = RunDoctor(keeper: world.driver.keeper, isMending: true)
            #expect(try await doctor.examine() == [])
        }
    }

    @Test func `what the run machine excludes is found in a run`() async throws {
        let release = try RunWorld.release(["ask": Self.flow])
        let flow = try #require(release.flows["ask"])
        func run(_ state: RunState, _ change: (inout Run) -> Void = { _ in }) -> Run {
            let id = Identifier(high: 1, low: 1)
            var run = Run(
                id: id,
                root: id,
                plan: Run.Plan(flow: "ask", release: release.digest),
                parent: nil,
                caller: "ann",
                startedAt: Instant(microseconds: 0),
                input: .inline(.null),
                state: state
            )
            run.version = 3
            change(&run)
            return run
        }
        func step(_ number: Int, _ state: ActiveStep.State = .ready) -> ActiveStep {
            ActiveStep(step: number, state: state, at: Instant(microseconds: 0))
        }
        #expect(run(.running) { $0.active[0] = step(0) }.faults(in: flow).isEmpty)
        let broken: [Run] = [
            run(.running),
            run(.completed) { $0.active[0] = step(0) },
            run(.dead) { $0.active[0] = step(0) },
            run(.queued),
            run(.running) { $0.active[0] = ActiveStep(step: 0, kind: "k", at: $0.startedAt) },
            run(.running) { $0.active[7] = step(7) },
            run(.running) { $0.active[0] = step(0, .waiting(.person)) },
            run(.running) { $0.active[0] = step(0, .waiting(.children)) },
            run(.running) {
                $0.active[0] = step(0, .waiting(.decision(Identifier(high: 2, low: 2))))
            },
            run(.running) {
                $0.active[0] = step(0)
                $0.ended[0] = StepEnd(.succeeded, at: Instant(microseconds: 0), attempts: 1)
            },
            run(.running) {
                $0.active[0] = step(0)
                $0.active[0]?.epoch = 9
            },
        ]
        for run in broken { #expect(run.faults(in: flow).count == 1, "\(run.state)") }
    }
}
