internal import Gateway
internal import HTTPMicro
internal import Synchronization

/// Hands the server's requests to the gateway, and knows when the last is answered.
final class Answering: Sendable {
    private struct State {
        var underway = 0
        var isFinishing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var stopping: CheckedContinuation<Void, Never>?
    }

    private let gateway: Gateway
    private let state = Mutex(State())

    init(_ gateway: Gateway) { self.gateway = gateway }

    /// Begins on the server's own thread, and leaves it where the gateway waits: a rule's decision
    /// is made, committed and sent without waking another.
    func answer(_ request: HTTPRequest, _ responder: Responder) {
        let isTaken = state.withLock { state in
            if !state.isFinishing { state.underway += 1 }
            return !state.isFinishing
        }
        guard isTaken else {
            responder.refuse()
            return
        }
        Task.immediate {
            let response = await gateway.begin(request.forGateway)
            guard let later = response.later else {
                await response.send(through: responder)
                return ended()
            }
            // A task of its own, so that all that was needed to get here is let go.
            Task.immediate {
                await later().send(through: responder)
                self.ended()
            }
        }
    }

    private func ended() {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.underway -= 1
            guard state.isFinishing, state.underway == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Takes no more, and returns when all that was taken is answered.
    func finish() async {
        let stopping = state.withLock { state in
            state.isFinishing = true
            defer { state.stopping = nil }
            return state.stopping
        }
        stopping?.resume()
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.underway > 0 { state.waiting.append(continuation) }
                return state.underway == 0
            }
            if isOver { continuation.resume() }
        }
    }

    /// Returns once `finish` was called.
    func stopping() async {
        await withCheckedContinuation { continuation in
            let isFinishing = state.withLock { state in
                if !state.isFinishing { state.stopping = continuation }
                return state.isFinishing
            }
            if isFinishing { continuation.resume() }
        }
    }
}
