import Models
import Testing
import Values

struct AttemptMachineTests {
    private let wall = Instant(microseconds: 1_000_000_000)
    private let rule = RetryRule(attempts: 3, backoff: .milliseconds(100)...(.seconds(60)))

    private func sent(_ rule: RetryRule, deadline: Duration = .seconds(1_000)) -> AttemptMachine {
        var machine = AttemptMachine(rule: rule, deadline: deadline)
        _ = machine.due(at: .zero)
        return machine
    }

    @Test func `an attempt may take all the time that is left`() {
        var machine = AttemptMachine(rule: rule, deadline: .seconds(20))
        #expect(machine.due(at: .seconds(3)) == .send(attempt: 1, timeout: .seconds(17)))
    }

    @Test(arguments: [(0, 500), (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (9, 8_000)])
    func `back-off doubles from half a second to eight`(_ earlier: Int, _ milliseconds: Int) {
        var machine = sent(RetryRule(attempts: 100, backoff: .zero...(.seconds(60))))
        for _ in 0..<earlier {
            _ = machine.failed(at: .zero, wall: wall, advice: .backOff, chance: 0)
            _ = machine.due(at: .zero)
        }
        let effect = machine.failed(at: .zero, wall: wall, advice: .backOff, chance: 0)
        #expect(effect == .sleep(.milliseconds(milliseconds)))
    }

    @Test(arguments: [(0.0, 500), (0.5, 437.5), (0.9999999999, 375), (7, 375), (-1, 500)])
    func `chance takes up to a quarter off`(_ chance: Double, _ milliseconds: Double) {
        var machine = sent(rule)
        let effect = machine.failed(at: .zero, wall: wall, advice: .backOff, chance: chance)
        guard case .sleep(let wait) = effect else {
            Issue.record("expected a sleep, got \(effect)")
            return
        }
        let difference = wait - .milliseconds(milliseconds)
        #expect(abs(difference.wholeMicroseconds) <= 1)
    }

    @Test(arguments: [
        (Duration.seconds(2), Duration.seconds(60), Duration.seconds(2)),
        (.milliseconds(1), .milliseconds(30), .milliseconds(30)),
    ])
    func `the rule bounds the back-off`(_ low: Duration, _ high: Duration, _ wait: Duration) {
        var machine = sent(RetryRule(attempts: 2, backoff: low...high))
        let effect = machine.failed(at: .zero, wall: wall, advice: .backOff, chance: 0)
        #expect(effect == .sleep(wait))
    }

    @Test(arguments: [
        (RetryAdvice.after(.milliseconds(1)), AttemptMachine.Effect.sleep(.milliseconds(1))),
        (.after(.seconds(120)), .sleep(.seconds(120))),
        (.after(.seconds(121)), .giveUp(.waitTooLong(.seconds(121)))),
        (.after(.zero), .sleep(.milliseconds(500))),
        (.after(.seconds(-5)), .sleep(.milliseconds(500))),
        (.until(Instant(microseconds: 1_007_000_000)), .sleep(.seconds(7))),
        (.until(Instant(microseconds: 1_121_000_000)), .giveUp(.waitTooLong(.seconds(121)))),
        (.until(Instant(microseconds: 0)), .sleep(.milliseconds(500))),
        (.never, .giveUp(.hopeless)),
    ])
    func `a wait that the server names is honoured up to two minutes`(
        _ advice: RetryAdvice,
        _ effect: AttemptMachine.Effect
    ) {
        var machine = sent(rule)
        #expect(machine.failed(at: .zero, wall: wall, advice: advice, chance: 0) == effect)
    }

    @Test func `attempts are counted and end`() {
        var machine = AttemptMachine(rule: rule, deadline: .seconds(100))
        for attempt in 1...2 {
            let timeout = Duration.seconds(100 - attempt)
            let now = Duration.seconds(attempt)
            #expect(machine.due(at: now) == .send(attempt: attempt, timeout: timeout))
            let effect = machine.failed(at: now, wall: wall, advice: .backOff, chance: 0)
            #expect(effect == .sleep(.milliseconds(500 * attempt)))
        }
        _ = machine.due(at: .seconds(3))
        let last = machine.failed(at: .seconds(4), wall: wall, advice: .backOff, chance: 0)
        #expect(last == .giveUp(.attemptsSpent))
    }

    @Test(arguments: [
        (9.4, AttemptMachine.Effect.sleep(.milliseconds(500))), (9.5, .giveUp(.deadline)),
        (11, .giveUp(.deadline)),
    ])
    func `a wait that would reach the deadline is not begun`(
        _ now: Double,
        _ effect: AttemptMachine.Effect
    ) {
        var machine = sent(rule, deadline: .seconds(10))
        let given = machine.failed(
            at: .seconds(now),
            wall: wall,
            advice: .backOff,
            chance: 0
        )
        #expect(given == effect)
    }

    @Test func `nothing is sent at or after the deadline`() {
        var machine = AttemptMachine(rule: rule, deadline: .seconds(10))
        #expect(machine.due(at: .seconds(10)) == .giveUp(.deadline))
    }

    @Test(arguments: [(0, 1), (-4, 1), (7, 7), (1_000, Limits.attempts)])
    func `a rule has at least one attempt and at most the limit`(_ asked: Int, _ kept: Int) {
        #expect(RetryRule(attempts: asked, backoff: .zero...(.zero)).attempts == kept)
    }
}
