@testable import Models
import Testing
import Values

struct RateHeaderTests {
    private let now = Instant(microseconds: 1_800_000_000_000_000)

    private func pause(_ headers: [(String, String)], tokens: Int64 = 100) -> Duration? {
        RateHeaders(HTTPReply(status: 200, headers: headers.map { ($0.0, $0.1) }, body: []))
            .pause(tokens: tokens, now: now)
    }

    @Test(arguments: [
        ("6m0s", 360.0), ("41ms", 0.041), ("1h2m3.5s", 3_723.5), ("12", 12), ("1d", 86_400),
        ("0s", 0),
    ])
    func `a reset is read as the providers write it`(_ text: String, _ seconds: Double) {
        #expect(RateHeaders.duration(text) == .seconds(seconds))
    }

    @Test(arguments: ["", "soon", "5x", "-3s", "1e400", "nan", "3 s"])
    func `what is no time is none`(_ text: String) { #expect(RateHeaders.duration(text) == nil) }

    @Test func `no requests left means a pause until the reset`() {
        let headers = [
            ("x-ratelimit-limit-requests", "60"), ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1s"),
        ]
        let wait = pause(headers)
        #expect(wait.map { $0 > .milliseconds(10) && $0 <= .seconds(1) } == true)
    }

    @Test func `too few tokens mean as much of the reset as is missing`() {
        let headers = [
            ("x-ratelimit-limit-tokens", "1000"), ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "10s"),
        ]
        #expect(pause(headers, tokens: 100) == .seconds(1))
        #expect(pause(headers, tokens: 5_000) == .seconds(10))
    }

    @Test func `Anthropic's resets are moments`() {
        let headers = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", (now + .seconds(50)).rfc3339),
        ]
        #expect(pause(headers) == .seconds(1))
    }

    @Test(arguments: [
        [("x-ratelimit-remaining-requests", "-1"), ("x-ratelimit-reset-requests", "10s")],
        [
            ("x-ratelimit-limit-requests", "-1"), ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "10s"),
        ],
        [
            ("x-ratelimit-limit-tokens", "0"), ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "10s"),
        ],
        [("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "10s")],
        [("x-ratelimit-remaining-requests", "0")],
        [],
    ])
    func `what is unknown or enough means no pause`(_ headers: [(String, String)]) {
        #expect(pause(headers) == nil)
    }

    @Test func `no header asks for a longer pause than is honoured`() {
        let headers = [
            ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "9h"),
        ]
        #expect(pause(headers) == Limits.serverWait)
    }
}
