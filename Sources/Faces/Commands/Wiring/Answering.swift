internal import Gateway
internal import HTTPMicro
internal import Synchronization

/// Hands the server's requests to the gateway, and knows when the last is answered.
///
/// Only so many are worked on at once: a rush of thousands would otherwise hold the memory of all
/// their work together while the store takes them in one by one. An upload that is read as it comes
/// is not counted, since its sender says how long it lasts; connections and time bound those.
final class Answering: Sendable {
    private struct Exchange {
        let request: HTTPRequest
        let responder: Responder

        var isUpload: Bool { request.stream != nil }
    }

    private struct State {
        /// Requests taken and not answered.
        var underway = 0
        /// Those of them that are worked on, and do not just wait.
        var working = 0
        /// Those that are not yet, the last come first.
        var queue: [Exchange] = []
        /// The same, the first come last; refilled from `queue`.
        var next: [Exchange] = []
        var isFinishing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var stopping: CheckedContinuation<Void, Never>?
    }

    private enum Place { case work, queued, refused }

    private let gateway: Gateway
    private let state = Mutex(State())

    init(_ gateway: Gateway) { self.gateway = gateway }

    /// Begins on the server's own thread, and leaves it where the gateway waits: a rule's decision
    /// is made, committed and sent without waking another.
    func answer(_ request: HTTPRequest, _ responder: Responder) {
        let exchange = Exchange(request: request, responder: responder)
        let place = state.withLock { state -> Place in
            if state.isFinishing { return .refused }
            state.underway += 1
            if exchange.isUpload { return .work }
            guard state.working < Limits.requestsAtOnce else {
                state.queue.append(exchange)
                return .queued
            }
            state.working += 1
            return .work
        }
        switch place {
        case .work:
            Task.immediate(executorPreference: responder.thread) { await work(on: exchange) }
        case .queued: break
        case .refused:
            responder.refuse()
        }
    }

    private func work(on exchange: Exchange) async {
        let response = await gateway.begin(exchange.request.forGateway)
        guard response.later == nil, response.stream == nil else {
            // A task of its own, so that all that was needed to get here is let go; one that prefers no
            // thread, which would cost each of thousands that wait half a kilobyte.
            let responder = exchange.responder
            Task.immediate {
                await (response.later?() ?? response).send(through: responder)
                self.answered()
            }
            return worked(on: exchange)
        }
        await response.send(through: exchange.responder)
        worked(on: exchange)
        answered()
    }

    /// One less is worked on, so the first in the queue is.
    private func worked(on exchange: Exchange) {
        if exchange.isUpload { return }
        let next = state.withLock { state -> Exchange? in
            if state.next.isEmpty {
                state.next = state.queue.reversed()
                state.queue = []
            }
            guard let next = state.next.popLast() else {
                state.working -= 1
                return nil
            }
            return next
        }
        // Not here: each would be begun inside the one before it.
        if let next {
            Task(executorPreference: next.responder.thread) { await self.work(on: next) }
        }
    }

    private func answered() {
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
