internal import Gateway
internal import HTTPMicro
internal import Synchronization

/// Hands the server's requests to the gateway, and knows when the last is answered.
final class Answering: Sendable {
    private struct State {
        var underway = 0
        var isFinishing = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Begins on the server's own thread, and leaves it where the gateway waits: a rule's decision
    /// is made, committed and sent without waking another.
    func answer(_ request: HTTPRequest, _ responder: Responder, by gateway: Gateway) {
        let isTaken = state.withLock { state in
            if !state.isFinishing { state.underway += 1 }
            return !state.isFinishing
        }
        guard isTaken else {
            responder.respond(HTTPResponse(status: 503, headers: [("retry-after", "1")]))
            return
        }
        Task.immediate {
            let response = await gateway.handle(request.forGateway)
            responder.respond(response.forServer)
            self.ended()
        }
    }

    private func ended() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.underway -= 1
            guard state.isFinishing, state.underway == 0 else { return nil }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Takes no more, and returns when all that was taken is answered.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                state.isFinishing = true
                if state.underway > 0 { state.waiting = continuation }
                return state.underway == 0
            }
            if isOver { continuation.resume() }
        }
    }
}

extension HTTPRequest {
    fileprivate var forGateway: GatewayRequest {
        GatewayRequest(method: method, path: path, query: query, headers: headers, body: body)
    }
}

extension GatewayResponse {
    fileprivate var forServer: HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body)
    }
}
