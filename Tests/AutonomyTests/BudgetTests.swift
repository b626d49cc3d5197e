import Autonomy
import TestSupport
import Testing
import Values

struct BudgetTests {
    /// 2027-01-15T08:00:00Z, and two dollars a day.
    private let now = Instant(microseconds: 1_800_000_000_000_000)
    private let budget = Budget(usd: 2, period: .day, zone: .utc, onExceeded: .review)
    private let dollar: Int64 = 1_000_000_000_000

    @Test func `what is reserved and spent together stays within the budget`() {
        var account = BudgetAccount(budget, spent: 0, at: now)
        let taken = [dollar, dollar, 1].map { account.reserve($0, at: now) }
        #expect(taken == [.granted, .granted, .later])
        account.settle(dollar, spent: dollar / 2, at: now)
        let after = [dollar / 2, 1].map { account.reserve($0, at: now) }
        #expect(after == [.granted, .later])
    }

    @Test func `what the log knows to be spent counts from the start`() {
        var account = BudgetAccount(budget, spent: 2 * dollar, at: now)
        let end = account.end
        #expect(end == Instant(rfc3339: "2027-01-16T00:00:00Z"))
        let (today, tomorrow) = (account.reserve(1, at: now), account.reserve(2 * dollar, at: end))
        #expect([today, tomorrow] == [.none, .granted])
    }

    @Test(arguments: SeededGenerator.seeds)
    func `no period spends more than its budget, whatever is in flight`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var account = BudgetAccount(budget, spent: 0, at: now)
        var clock = now
        var held: [Int64] = []
        var spent: [Instant: Int64] = [:]
        for _ in 0..<2_000 {
            clock = clock + .seconds(Int64.random(in: 0...600, using: &generator))
            if !held.isEmpty, Bool.random(using: &generator) {
                let amount = held.removeFirst()
                let actual = Int64.random(in: 0...amount, using: &generator)
                account.settle(amount, spent: actual, at: clock)
                spent[account.start, default: 0] += actual
            } else {
                let amount = Int64.random(in: 1...dollar, using: &generator)
                if account.reserve(amount, at: clock) == .granted { held.append(amount) }
            }
            #expect(account.spent + account.reserved <= 2 * dollar)
        }
        #expect(spent.values.allSatisfy { $0 <= 2 * dollar })
        #expect(spent.count > 1)
    }

    private func judged(
        _ onExceeded: String,
        level: AutonomyLevel = .supervised
    ) throws -> Judgement {
        let policy =
            Fixture.policy(level)
            + "\nbudget: {usd: 1, per: day, zone: UTC, on_exceeded: \(onExceeded)}\n"
        let check = Fixture.check(policy: policy)
        let compiled = try #require(
            check.workspace?.policies["refund"],
            "\(check.diagnostics.map(\.rendered))"
        )
        let end = now + .seconds(3_600)
        return compiled.judge(
            .failure(AnswerFailure(.overBudget, "1 USD a day", retryAt: end)),
            of: Fixture.step(["message": "hello", "amount": 100, "items": 1]),
            askedAt: now,
            now: now
        )
    }

    @Test func `a step without room goes where the budget says`() throws {
        #expect(try judged("review").outcome == .review(queue: nil, draft: nil))
        #expect(try judged("review").reason == "over-budget")
        #expect(try judged("fail").outcome == .failed)
        #expect(try judged("wait").outcome == .waits(until: now + .seconds(3_600)))
    }
}
