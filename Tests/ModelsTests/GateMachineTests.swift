import Autonomy
import Models
import TestSupport
import Testing
import Values

struct GateMachineTests {
    private func opened(_ failures: Int = 3) -> GateMachine {
        var machine = GateMachine(
            ModelLimits(breakerFailures: failures, breakerOpen: .seconds(10))
        )
        for _ in 0..<failures { fail(&machine, at: .zero) }
        return machine
    }

    private func fail(_ machine: inout GateMachine, at now: Duration) {
        machine.ended(.unavailable, at: now, estimate: 0, spent: 0)
    }

    @Test func `failures one after another open the breaker, an answer between them does not`() {
        var machine = GateMachine(ModelLimits(breakerFailures: 3))
        fail(&machine, at: .zero)
        fail(&machine, at: .zero)
        machine.ended(.answered, at: .zero, estimate: 0, spent: 0)
        fail(&machine, at: .zero)
        fail(&machine, at: .zero)
        #expect(machine.turn(at: .zero, estimate: 0) == .go(at: .zero))
        #expect(machine.breaker == .closed(failures: 2))
        fail(&machine, at: .seconds(1))
        #expect(machine.turn(at: .seconds(1), estimate: 0) == .closed(until: .seconds(11)))
    }

    @Test func `an open breaker lets one probe through when its time is over`() {
        var machine = opened()
        #expect(machine.isClosed(at: .seconds(9)) == .seconds(10))
        #expect(machine.isClosed(at: .seconds(10)) == nil)
        #expect(machine.turn(at: .seconds(10), estimate: 0) == .go(at: .seconds(10)))
        #expect(
            machine.turn(at: .seconds(10), estimate: 0)
                == .closed(until: .seconds(10) + Limits.probePause)
        )
        machine.ended(.answered, at: .seconds(11), estimate: 0, spent: 0)
        #expect(machine.breaker == .closed(failures: 0))
    }

    @Test func `each probe that fails keeps it open twice as long, up to a limit`() {
        var machine = opened()
        var now = Duration.seconds(10)
        for length in [20, 40, 80, 120, 120] {
            #expect(machine.turn(at: now, estimate: 0) == .go(at: now))
            fail(&machine, at: now)
            #expect(machine.isClosed(at: now) == now + .seconds(length))
            now += .seconds(length)
        }
    }

    @Test func `a probe given up leaves the next caller to probe`() {
        var machine = opened()
        _ = machine.turn(at: .seconds(10), estimate: 0)
        machine.ended(.abandoned, at: .seconds(10), estimate: 0, spent: 0)
        #expect(machine.turn(at: .seconds(10), estimate: 0) == .go(at: .seconds(10)))
    }

    @Test func `a call that began before the breaker opened changes nothing by failing`() {
        var machine = opened()
        fail(&machine, at: .seconds(5))
        #expect(machine.isClosed(at: .seconds(5)) == .seconds(10))
    }

    @Test func `a limit pauses everyone and opens nothing`() {
        var machine = GateMachine(ModelLimits(breakerFailures: 1))
        machine.ended(.limited(pause: .seconds(7)), at: .seconds(1), estimate: 0, spent: 0)
        #expect(machine.turn(at: .seconds(2), estimate: 0) == .go(at: .seconds(8)))
        machine.ended(.limited(pause: .seconds(9_999)), at: .seconds(8), estimate: 0, spent: 0)
        #expect(
            machine.turn(at: .seconds(8), estimate: 0) == .go(at: .seconds(8) + Limits.serverWait)
        )
    }

    @Test(arguments: [1, 6, 60, 600, 5_000])
    func `in no minute more requests go than the rate says`(_ rate: Int) {
        var machine = GateMachine(ModelLimits(requestsPerMinute: rate))
        var turns: [Duration] = []
        for _ in 0..<rate * 3 {
            guard case .go(let at) = machine.turn(at: .zero, estimate: 0) else { return }
            turns.append(at)
        }
        #expect(turns == turns.sorted())
        for (index, turn) in turns.enumerated() {
            let end = turns[index...].prefix { $0 < turn + .seconds(60) }.count
            #expect(end <= rate, "\(end) from \(turn)")
        }
        // And not much fewer: three minutes' worth is through in four.
        #expect(turns.last.map { $0 <= .seconds(rate == 1 ? 360 : 240) } == true)
    }

    @Test func `tokens that were not spent are given back`() {
        var machine = GateMachine(ModelLimits(tokensPerMinute: 1_200))
        // The burst is 100 tokens; another 100 come at the flow.
        #expect(machine.turn(at: .zero, estimate: 100) == .go(at: .zero))
        machine.ended(.answered, at: .zero, estimate: 100, spent: 10)
        #expect(machine.turn(at: .zero, estimate: 90) == .go(at: .zero))
        guard case .go(let at) = machine.turn(at: .zero, estimate: 90) else { return }
        #expect(at > .seconds(4) && at < .seconds(6))
    }

    @Test(arguments: SeededGenerator.seeds)
    func `whatever happens, a breaker opens only on failures and always lets a probe through`(
        seed: UInt64
    ) {
        var generator = SeededGenerator(seed: seed)
        var machine = GateMachine(
            ModelLimits(breakerFailures: 4, breakerOpen: .seconds(5))
        )
        var now = Duration.zero
        var inFlight = 0
        var failures = 0
        for _ in 0..<500 {
            now += .milliseconds(Int64.random(in: 0...3_000, using: &generator))
            if inFlight > 0, Bool.random(using: &generator) {
                inFlight -= 1
                let fails = Int.random(in: 0..<3, using: &generator) > 0
                failures = fails ? failures + 1 : 0
                machine.ended(fails ? .unavailable : .answered, at: now, estimate: 0, spent: 0)
            } else if case .go = machine.turn(at: now, estimate: 0) {
                inFlight += 1
            }
            if case .open = machine.breaker { #expect(failures >= 1) }
            if case .halfOpen(let probing, _) = machine.breaker, probing { #expect(inFlight > 0) }
        }
        // When all have ended and time has passed, somebody is let through.
        for _ in 0..<inFlight { machine.ended(.unavailable, at: now, estimate: 0, spent: 0) }
        #expect(machine.turn(at: now + .seconds(600), estimate: 0) == .go(at: now + .seconds(600)))
    }
}
