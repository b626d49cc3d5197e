import Autonomy
import Decisions
import Models
import Synchronization
import TestSupport
import Values

extension ModelCallRecord {
    var isAnswer: Bool { if case .answer = reply { true } else { false } }
}

/// Replies that take their time; calls are counted from 1.
final class TimedTransport: HTTPTransport {
    private struct State {
        var count = 0
        var running = 0
        var most = 0
        var starts: [Duration] = []
        var timeouts: [Duration] = []
    }

    private let time: VirtualTime
    private let answer: @Sendable (Int) -> (Duration, HTTPReply)
    private let state = Mutex(State())

    init(_ time: VirtualTime, _ answer: @escaping @Sendable (Int) -> (Duration, HTTPReply)) {
        self.time = time
        self.answer = answer
    }

    var count: Int { state.withLock { $0.count } }
    var most: Int { state.withLock { $0.most } }
    var starts: [Duration] { state.withLock { $0.starts } }
    var timeouts: [Duration] { state.withLock { $0.timeouts } }

    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        let now = time.uptime
        let number = state.withLock { state -> Int in
            state.count += 1
            state.running += 1
            state.most = max(state.most, state.running)
            state.starts.append(now)
            state.timeouts.append(call.timeout)
            return state.count
        }
        defer { state.withLock { $0.running -= 1 } }
        let (wait, reply) = answer(number)
        do {
            if wait > .zero { try await time.sleep(for: wait) }
        } catch {
            throw TransportError(.cancelled, "the caller gave up")
        }
        return reply
    }
}

extension HTTPReply {
    static func decision(
        _ choice: String,
        version: String = "m-1",
        headers: [(String, String)] = []
    ) -> HTTPReply {
        let body: JSON = [
            "model": .string(version),
            "answers": [
                [
                    "type": "choice", "name": "action", "choice": .string(choice),
                    "probabilities": [["value": .string(choice), "probability": 0.9]],
                ]
            ],
            "usage": ["input_tokens": 10, "output_tokens": 0],
        ]
        return HTTPReply(
            status: 200,
            headers: headers.map { ($0.0, $0.1) },
            body: Array(body.compactText.utf8)
        )
    }

    static func responses(_ choice: String) -> HTTPReply {
        let text = #"{"action":"\#(choice)"}"#
        let body: JSON = [
            "model": "m-1", "status": "completed",
            "output": [
                ["type": "message", "content": [["type": "output_text", "text": .string(text)]]]
            ],
            "usage": ["input_tokens": 10, "output_tokens": 4],
        ]
        return HTTPReply(status: 200, body: Array(body.compactText.utf8))
    }

    static func status(_ status: Int) -> HTTPReply {
        HTTPReply(status: status, body: Array(#"{"error":{"message":"no"}}"#.utf8))
    }
}

final class MemoryCache: AnswerCache {
    private let answers = Mutex<[Digest: KeptAnswer]>([:])

    var count: Int { answers.withLock { $0.count } }

    func answer(_ key: Digest, at now: Instant) async -> KeptAnswer? {
        answers.withLock { $0[key].flatMap { now < $0.expiresAt ? $0 : nil } }
    }

    func keep(_ answer: KeptAnswer) async { answers.withLock { $0[answer.key] = answer } }
}
