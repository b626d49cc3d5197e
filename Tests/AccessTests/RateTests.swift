import Access
import TestSupport
import Testing
import Values

/// How often somebody may ask.
struct RateTests {
    private static let start = Instant(microseconds: 1_800_000_000_000_000)

    private func rate(_ text: String) throws -> Rate { try #require(Rate(text)) }

    @Test(arguments: [
        ("100/s", 100, 100), ("6000/m", 6_000, 6_000), ("10/h:1", 10, 1), ("1/s:50", 1, 50),
    ])
    func `a rate is read as it is written`(text: String, count: Int, burst: Int) throws {
        let rate = try rate(text)
        #expect(rate.count == count)
        #expect(rate.burst == burst)
        #expect(rate.text == text)
        #expect(Rate(rate.text) == rate)
    }

    @Test(arguments: [
        "", "100", "100/", "/s", "0/s", "-1/s", "1/d", "1/s:", "1/s:0", "1/s:2:3", "1/s/s", "a/s",
        "1000001/s", "1/s:1000001", "1/ s",
    ])
    func `what is no rate, or beyond its limits, is none`(text: String) {
        #expect(Rate(text) == nil)
    }

    @Test func `a burst goes through at once, and then one each interval`() throws {
        var machine = RateMachine(try rate("10/s:3"))
        var answers: [RateMachine.Answer] = []
        for _ in 0..<4 { answers.append(machine.take(at: Self.start)) }
        #expect(
            answers == [
                .taken(remaining: 2, full: .milliseconds(100)),
                .taken(remaining: 1, full: .milliseconds(200)),
                .taken(remaining: 0, full: .milliseconds(300)),
                .refused(after: .milliseconds(100)),
            ]
        )
        let early = machine.take(at: Self.start + .microseconds(99_999))
        #expect(early == .refused(after: .microseconds(1)))
        let due = machine.take(at: Self.start + .milliseconds(100))
        #expect(due == .taken(remaining: 0, full: .milliseconds(300)))
    }

    @Test func `many at once go through together or not at all`() throws {
        var machine = RateMachine(try rate("10/s"))
        let most = machine.take(8, at: Self.start)
        #expect(most == .taken(remaining: 2, full: .milliseconds(800)))
        let before = machine
        let refused = machine.take(3, at: Self.start)
        #expect(refused == .refused(after: .milliseconds(100)))
        #expect(machine == before)
        let never = machine.take(11, at: Self.start)
        #expect(never == .never)
        #expect(machine == before)
        machine.giveBack(8)
        let all = machine.take(10, at: Self.start)
        #expect(all == .taken(remaining: 0, full: .seconds(1)))
    }

    @Test func `a clock set back costs at most the wait for one burst`() throws {
        var machine = RateMachine(try rate("10/s:3"))
        _ = machine.take(3, at: Self.start + .seconds(3_600))
        let answer = machine.take(at: Self.start)
        #expect(answer == .refused(after: .milliseconds(100)))
    }

    /// Over many seeds: whatever is asked when, no stretch of time has more than its due.
    @Test(arguments: 0..<60)
    func `no more goes through in any window than the burst and what the rate allows`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let texts = ["1/s", "7/s", "3/s:11", "1000/s:50", "100/m:5", "17/h:2", "999999/s:10"]
        let rate = try rate(texts[Int(random.next() % 7)])
        var machine = RateMachine(rate)
        let seconds: Double = rate.period == .second ? 1 : rate.period == .minute ? 60 : 3_600
        let gap = UInt64(seconds * 3_000_000 / Double(rate.count)) + 2
        var now = Self.start
        var taken: [(at: Instant, count: Int)] = []
        for _ in 0..<300 {
            now = now + .microseconds(Int64(random.next() % gap))
            let count = Int(random.next() % UInt64(min(rate.burst, 4) + 1))
            switch machine.take(count, at: now) {
            case .taken: taken.append((now, count))
            case .never: Issue.record("\(count) is not more than \(rate.burst)")
            case .refused(let wait):
                // What is said to be the wait is enough, and not more than it takes.
                var patient = machine
                let rounded = Duration.microseconds((wait / .microseconds(1)).rounded(.up))
                guard case .taken = patient.take(count, at: now + rounded) else {
                    Issue.record("refused after the wait it named")
                    return
                }
            }
        }
        #expect(taken.contains { $0.count > 0 })
        for first in taken.indices {
            var sum = 0
            for last in first..<taken.count {
                sum += taken[last].count
                let window = (taken[last].at - taken[first].at) / .seconds(1)
                let due = Double(rate.burst) + window * Double(rate.count) / seconds
                #expect(Double(sum) <= due + 1e-6, "\(rate.text) in \(window) s")
            }
        }
    }

    @Test func `each token has its own rate, and a changed one begins anew`() throws {
        var table = RateTable()
        let (one, two) = (
            Identifier(at: Self.start, random: (1, 1)), Identifier(at: Self.start, random: (2, 2))
        )
        let (slow, fast) = (try rate("1/s"), try rate("2/s"))
        let first = table.take(1, of: one, slow, at: Self.start)
        #expect(first == .taken(remaining: 0, full: .seconds(1)))
        let again = table.take(1, of: one, slow, at: Self.start)
        #expect(again == .refused(after: .seconds(1)))
        let other = table.take(1, of: two, slow, at: Self.start)
        #expect(other == .taken(remaining: 0, full: .seconds(1)))
        let changed = table.take(1, of: one, fast, at: Self.start)
        #expect(changed == .taken(remaining: 1, full: .milliseconds(500)))
    }
}
