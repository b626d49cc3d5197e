import Models
import TestSupport
import Values

/// Who answers http steps: mostly well, now and then wrongly, late, or not at all.
struct SimulatedService: HTTPTransport {
    let clock: SettableClock
    let weather: Weather
    let dice: Dice

    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        if weather.isCalm { return answer(200) }
        switch dice.below(12) {
        case 0:
            try await take(call.timeout)
            throw TransportError(.timeout, "no answer within \(call.timeout)")
        case 1:
            // Later than any lease.
            try await take(call.timeout + .seconds(dice.within(16...30)))
            return answer(200)
        case 2: throw TransportError(.connect, "nothing listens")
        case 3: return answer(503)
        case 4: return answer(429)
        case 5: return answer(404)
        case 6: return HTTPReply(status: 200, body: Array("<html>".utf8))
        case 7...8:
            try await take(dice.time(100...3_000))
            return answer(200)
        default: return answer(200)
        }
    }

    private func answer(_ status: Int) -> HTTPReply {
        HTTPReply(
            status: status,
            headers: [("content-type", "application/json")],
            body: Array("{\"n\": \(dice.below(10))}".utf8)
        )
    }

    private func take(_ time: Duration) async throws(TransportError) {
        do throws(CancellationError) {
            try await clock.sleep(for: time)
        } catch {
            throw TransportError(.cancelled, "the process is ending")
        }
    }
}
