import Access
import TestSupport
import Testing
import Values

/// Who may begin now, and when the others may.
struct RateLineTests {
    private static let start = Instant(microseconds: 1_800_000_000_000_000)

    private func rate(_ text: String) throws -> Rate { try #require(Rate(text)) }
    private func moment(_ time: Duration) -> RateLine.Turn { .at(Self.start + time) }

    /// Those that are told a moment, in the order of their moments.
    private func promised(
        _ line: inout RateLine,
        _ rate: Rate,
        _ count: Int,
        at now: Instant = start
    ) -> [Instant] {
        var moments: [Instant] = []
        for _ in 0..<count {
            if case .at(let moment) = line.ask(rate, at: now) { moments.append(moment) }
        }
        return moments
    }

    @Test func `a burst goes at once, the others at moments a rate apart`() throws {
        let rate = try rate("10/s:3")
        var line = RateLine()
        let turns = (0..<6).map { _ in line.ask(rate, at: Self.start) }
        let last = moment(.milliseconds(300))
        #expect(
            turns == [
                .atOnce, .atOnce, .atOnce, moment(.milliseconds(100)), moment(.milliseconds(200)),
                last,
            ]
        )
        // Whoever comes at its moment goes, and a newcomer goes behind those that wait.
        let second = Self.start + .milliseconds(100)
        let newcomer = line.ask(rate, at: second)
        #expect(newcomer == moment(.milliseconds(400)))
        let comes = line.ask(rate, promised: second, at: second)
        #expect(comes == .atOnce)
        // After a pause the whole burst is there again.
        let later = Self.start + .seconds(10)
        let again = (0..<4).map { _ in line.ask(rate, at: later) }
        #expect(again == [.atOnce, .atOnce, .atOnce, .at(later + .milliseconds(100))])
    }

    @Test func `who comes a little late costs nobody their moment`() throws {
        let rate = try rate("10/s:1")
        var line = RateLine()
        _ = line.ask(rate, at: Self.start)
        let moments = promised(&line, rate, 50)
        for (number, moment) in moments.enumerated() {
            let late = Duration.milliseconds([0, 90, 5, 40][number % 4])
            let turn = line.ask(rate, promised: moment, at: moment + late)
            #expect(turn == .atOnce)
        }
    }

    @Test func `many who come long after their moments do not all go at once`() throws {
        let rate = try rate("10/s:5")
        var line = RateLine()
        let moments = promised(&line, rate, 1_005)
        #expect(moments.count == 1_000)
        let late = Self.start + .seconds(3_600)
        var next: [Instant] = []
        var count = 0
        for moment in moments {
            switch line.ask(rate, promised: moment, at: late) {
            case .atOnce: count += 1
            case .at(let moment): next.append(moment)
            }
        }
        // The burst, and what the rate allows in the slack.
        #expect(count == 5 + 10)
        #expect(next.count == 985)
        #expect(zip(next, next.dropFirst()).allSatisfy { $0 + .milliseconds(100) == $1 })
        #expect(next.first.map { $0 - late <= .milliseconds(100) } == true)
    }

    @Test(
        arguments: ["10/s:1", "10/s:4", "600/m:20", "3/s:2", "1000/s:1"],
        [1, 2, 3, 4] as [UInt64]
    )
    func `in any stretch of time no more begin than the rate, the burst and the slack`(
        text: String,
        seed: UInt64
    ) throws {
        let rate = try rate(text)
        var generator = SeededGenerator(seed: seed)
        var line = RateLine()
        var now = Self.start
        var waiting: [Instant] = []
        var begun: [Instant] = []
        for _ in 0..<3_000 {
            now = now + .microseconds(Int64(generator.next() % 60_000))
            if generator.next() % 500 == 0 { now = now + .seconds(20) }
            for _ in 0..<generator.next() % 3 {
                switch line.ask(rate, at: now) {
                case .atOnce: begun.append(now)
                case .at(let moment): waiting.append(moment)
                }
            }
            // Some never come.
            if generator.next() % 50 == 0, !waiting.isEmpty { waiting.removeFirst() }
            let due = waiting.filter { $0 <= now }
            waiting.removeAll { $0 <= now }
            for moment in due {
                switch line.ask(rate, promised: moment, at: now) {
                case .atOnce: begun.append(now)
                case .at(let moment): waiting.append(moment)
                }
            }
        }
        #expect(begun.count > 100)
        let perSecond = rate.period == .second ? Double(rate.count) : Double(rate.count) / 60
        for (first, place) in zip(begun, begun.indices) where place % 7 == 0 {
            for (last, end) in zip(begun[place...], begun.indices[place...]).prefix(400) {
                let seconds = Double(last.microseconds - first.microseconds) / 1e6
                let allowed = Double(rate.burst) + perSecond * (seconds + 1) + 1
                #expect(Double(end - place + 1) <= allowed)
            }
        }
    }

    @Test func `a line made anew goes on behind who waits, and knows no burst`() throws {
        let rate = try rate("1/s:2")
        var line = RateLine()
        let moments = promised(&line, rate, 12)
        var anew = RateLine()
        anew.learn(last: moments.last, rate, forgetting: false)
        let newcomer = anew.ask(rate, at: Self.start)
        #expect(newcomer == moment(.seconds(11)))
        // Those that wait come as they were told.
        let turns = moments.map { anew.ask(rate, promised: $0, at: $0) }
        #expect(turns.allSatisfy { $0 == .atOnce })
    }

    @Test func `promises that nobody waits for are forgotten, what was given back too`() throws {
        let rate = try rate("1/s:1")
        var line = RateLine()
        _ = line.ask(rate, at: Self.start)
        _ = promised(&line, rate, 100)
        #expect(line.ahead(rate, at: Self.start) == .seconds(101))
        line.learn(last: Self.start + .seconds(3), rate, forgetting: true)
        #expect(line.ahead(rate, at: Self.start) == .seconds(4))
        line.learn(last: nil, rate, forgetting: true)
        let next = line.ask(rate, at: Self.start)
        #expect(next == moment(.seconds(1)))
        line.giveBack(next, rate)
        let again = line.ask(rate, at: Self.start)
        #expect(again == next)
        var other = RateLine()
        let first = other.ask(rate, at: Self.start)
        other.giveBack(first, rate)
        let second = other.ask(rate, at: Self.start)
        #expect(second == .atOnce)
    }

    @Test func `a clock set back costs a burst at most, and no moment is beyond the horizon`()
        throws
    {
        let rate = try rate("1/h:1")
        var line = RateLine()
        _ = line.ask(rate, promised: Self.start, at: Self.start)
        let back = Self.start - .seconds(86_400)
        let turn = line.ask(rate, promised: back, at: back)
        guard case .at(let moment) = turn else {
            Issue.record("\(turn)")
            return
        }
        #expect(moment - back <= .seconds(2 * 3_600))
        var last = Self.start
        for _ in 0..<100_000 {
            if case .at(let moment) = line.ask(rate, at: back) { last = moment }
        }
        #expect(last - back <= Limits.rateHorizon)
    }
}
