import Decisions
import TestSupport
import Testing
import Values

struct TallyTests {
    @Test func `a quarter begins where the clock's does, before 1970 too`() {
        func quarter(_ microseconds: Int64) -> Int64 {
            CallTally.Key(at: Instant(microseconds: microseconds), policy: "p", model: "m")
                .quarter.microseconds
        }
        #expect(quarter(0) == 0)
        #expect(quarter(899_999_999) == 0)
        #expect(quarter(900_000_000) == 900_000_000)
        #expect(quarter(-1) == -900_000_000)
    }

    @Test(arguments: SeededGenerator.seeds)
    func `a percentile is within a fifth above the time it stands for`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var histogram = LatencyHistogram()
        var times: [Int64] = []
        for _ in 0..<Int.random(in: 1...300, using: &generator) {
            let scale = Int64(1) << Int64.random(in: 0...36, using: &generator)
            let time = Int64.random(in: 1...scale, using: &generator)
            times.append(time)
            histogram.add(.microseconds(time))
        }
        times.sort()
        for share in [0.01, 0.5, 0.95, 0.99, 1] {
            let told = try #require(histogram.percentile(share)).wholeMicroseconds
            let place = max(1, Int((Double(times.count) * share).rounded(.up)))
            let real = times[place - 1]
            #expect(told >= real)
            #expect(Double(told) <= Double(real) * 1.2 + 1)
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `what is stored reads back, and sums in any order are equal`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let key = CallTally.Key(at: Instant(microseconds: 5), policy: "p", model: "m")
        let tallies = (0..<6).map { _ -> CallTally in
            var tally = CallTally(key)
            tally.calls = Int64.random(in: 0...9, using: &generator)
            tally.attempts = Int64.random(in: 0...9, using: &generator)
            tally.cost = Int64.random(in: 0...1_000_000_000, using: &generator)
            tally.failures = ["a": Int64.random(in: 1...3, using: &generator)]
            tally.latency.add(.microseconds(Int64.random(in: 0...99_999, using: &generator)))
            return tally
        }
        var forward = CallTally(key)
        var backward = CallTally(key)
        for tally in tallies { forward.add(tally) }
        for tally in tallies.reversed() { backward.add(tally) }
        #expect(forward == backward)
        let read = try JSON.read(forward.json.compactText)
        #expect(CallTally(key, json: read) == forward)
    }

    @Test func `no calls have no percentile, and what is no tally is none`() {
        #expect(LatencyHistogram().percentile(0.5) == nil)
        let key = CallTally.Key(at: Instant(microseconds: 0), policy: "p", model: "m")
        #expect(CallTally(key, json: ["calls": 1]) == nil)
        #expect(LatencyHistogram(json: ["x": 1]) == nil)
    }
}
