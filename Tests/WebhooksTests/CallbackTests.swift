import Testing
import Values
import Webhooks

struct CallbackTests {
    private let start = Instant(microseconds: 1_800_000_000_000_000)
    private let lease = Duration.seconds(60)

    private func callback() throws -> Callback {
        Callback(
            decision: Identifier(high: 1, low: 2),
            url: try CallbackURL("https://example.com/hook"),
            token: Identifier(high: 3, low: 4)
        )
    }

    private func due() throws -> Callback {
        var callback = try callback()
        callback.decided(at: start)
        return callback
    }

    @Test func `it waits for its decision, and is due when that is final, once`() throws {
        var callback = try callback()
        #expect(callback.progress.state == .waiting)
        #expect(callback.progress.nextAt == nil)
        callback.decided(at: start)
        #expect(callback.progress.state == .sending)
        #expect(callback.progress.nextAt == start)
        let due = callback
        callback.decided(at: start + lease)
        #expect(callback == due)
    }

    @Test func `claimed, it is due again when the lease ends, or when it is given back`() throws {
        var callback = try due()
        callback.claim(at: start, lease: lease)
        #expect(callback.progress.nextAt == start + lease)
        #expect(callback.progress.attempts == 0)
        callback.release(at: start + .seconds(1))
        #expect(callback.progress.nextAt == start + .seconds(1))
    }

    @Test(arguments: [200, 201, 202, 204, 299]) func `2xx is success`(_ status: Int) throws {
        var callback = try due()
        callback.record(.failed("nothing listens"), at: start, chance: 0)
        callback.record(.answered(status: status, retryAfter: nil), at: start, chance: 0)
        #expect(callback.progress.state == .delivered)
        #expect(callback.progress.attempts == 2)
        #expect(callback.progress.nextAt == nil)
        #expect(callback.progress.lastError == nil)
    }

    @Test(arguments: [100, 199, 300, 301, 302, 307, 400, 404, 500, 502, 600])
    func `any other status is a failure, a redirect too`(_ status: Int) throws {
        var callback = try due()
        callback.record(.answered(status: status, retryAfter: .seconds(900)), at: start, chance: 0)
        #expect(callback.progress.state == .sending)
        #expect(callback.progress.nextAt == start + .seconds(5))
        #expect(callback.progress.lastError == "answered \(status)")
    }

    @Test func `410 ends it at once`() throws {
        var callback = try due()
        callback.record(.answered(status: 410, retryAfter: nil), at: start, chance: 0)
        #expect(callback.progress.state == .stopped)
        #expect(callback.progress.nextAt == nil)
        #expect(callback.progress.lastError?.contains("410") == true)
    }

    @Test func `attempts follow the schedule of Standard Webhooks, and the last one exhausts it`()
        throws
    {
        var callback = try due()
        var now = start
        var waits: [Duration] = []
        while callback.progress.state == .sending {
            waits.append(try #require(callback.progress.nextAt) - now)
            now = try #require(callback.progress.nextAt)
            callback.claim(at: now, lease: lease)
            callback.record(.failed("nothing listens"), at: now, chance: 0)
        }
        let hour: Int64 = 3_600
        let seconds = [0, 5, 300, 1_800, 2 * hour] + [5, 10, 14, 20, 24].map { $0 * hour }
        #expect(waits == seconds.map(Duration.seconds))
        #expect(callback.progress.state == .exhausted)
        #expect(callback.progress.attempts == 10)
        #expect(callback.progress.lastError == "nothing listens")
        #expect(callback.progress.nextAt == nil)
    }

    @Test(arguments: [(0.0, 300.0), (0.5, 315.0), (0.999, 329.97), (7.0, 330.0), (-1.0, 300.0)])
    func `chance makes a wait up to a tenth longer`(chance: Double, seconds: Double) throws {
        var callback = try due()
        callback.record(.failed("x"), at: start, chance: 0)
        callback.record(.failed("x"), at: start, chance: chance)
        let wait = try #require(callback.progress.nextAt) - start
        #expect(abs(wait / .seconds(1) - seconds) < 0.001)
    }

    @Test(arguments: [429, 503]) func `a receiver may ask for a longer wait, up to a day`(
        _ status: Int
    ) throws {
        func wait(_ asked: Duration) throws -> Duration {
            var callback = try due()
            callback.record(.answered(status: status, retryAfter: asked), at: start, chance: 0)
            return try #require(callback.progress.nextAt) - start
        }
        #expect(try wait(.seconds(120)) == .seconds(120))
        #expect(try wait(.seconds(1)) == .seconds(5))
        #expect(try wait(.seconds(-9)) == .seconds(5))
        #expect(try wait(Limits.receiverWait + .seconds(1)) == Limits.receiverWait)
    }

    @Test func `why an attempt failed is kept up to a length`() throws {
        var callback = try due()
        let reason = String(repeating: "x", count: Limits.errorCharacters + 1)
        callback.record(.failed(reason), at: start, chance: 0)
        #expect(callback.progress.lastError?.count == Limits.errorCharacters)
    }

    @Test func `a person may send it again once its decision is final`() throws {
        var waiting = try callback()
        let isSent = waiting.sendAgain(at: start)
        #expect(!isSent)
        var callback = try due()
        while callback.progress.state == .sending {
            callback.record(.failed("x"), at: start, chance: 0)
        }
        let isSentAgain = callback.sendAgain(at: start + lease)
        #expect(isSentAgain)
        #expect(callback.progress.state == .sending)
        #expect(callback.progress.attempts == 0)
        #expect(callback.progress.nextAt == start + lease)
        #expect(callback.progress.finalAt == start)
        callback.stop(because: "the token that asked was revoked")
        #expect(callback.json["state"] == "stopped")
        #expect(callback.json["last_error"] == "the token that asked was revoked")
    }
}
