import Decisions
import Runs
import Storage
import Synchronization
import Values

/// What was acknowledged to somebody outside, and must be true ever after.
final class Promises: Sendable {
    enum Promise: Sendable {
        case started(Identifier)
        case acted(Identifier, by: String)
        case succeeded(Identifier, step: Int, epoch: Int64)
        case failed(Identifier, step: Int, epoch: Int64)
        /// A callback was taken in.
        case arrived(Identifier, step: Int, epoch: Int64)
        case reviewed(decision: Identifier)
    }

    private struct Kept {
        var promises: [Promise] = []
        /// The run that a key was said to have started.
        var keys: [String: Identifier] = [:]
    }

    private let kept = Mutex(Kept())

    func add(_ promise: Promise) { kept.withLock { $0.promises.append(promise) } }

    var count: Int { kept.withLock { $0.promises.count } }

    /// Whether the key may have started that run, by what was said of it before.
    func claims(_ key: String, _ run: Identifier) -> Bool {
        kept.withLock { kept in
            if let known = kept.keys[key] { return known == run }
            kept.keys[key] = run
            return true
        }
    }

    func check(_ store: MemoryStore, _ findings: Findings) async throws {
        for promise in kept.withLock({ $0.promises }) {
            if let (run, message) = try await broken(promise, store) {
                findings.add(.acknowledgedIsKept, run, message)
            }
        }
    }

    private func broken(
        _ promise: Promise,
        _ store: MemoryStore
    ) async throws -> (Identifier, String)? {
        switch promise {
        case .started(let run):
            return try await store.run(run) == nil ? (run, "its start was acknowledged") : nil
        case .acted(let run, let person):
            let isThere = try await events(of: run, store).contains { event in
                if case .acted(_, person) = event { true } else { false }
            }
            return isThere ? nil : (run, "the act of \(person) was acknowledged")
        case .succeeded(let run, let step, let epoch):
            let isThere = try await events(of: run, store).contains { event in
                if case .succeeded(step, epoch, _) = event { true } else { false }
            }
            return isThere ? nil : (run, "the result of step \(step) at \(epoch) was acknowledged")
        case .failed(let run, let step, let epoch):
            let isThere = try await events(of: run, store).contains { event in
                if case .failed(step, epoch, _) = event { true } else { false }
            }
            return isThere ? nil : (run, "the failure of step \(step) at \(epoch) was acknowledged")
        case .arrived(let run, let step, let epoch):
            let isThere = try await hasArrived(run, step, epoch, store)
            return isThere ? nil : (run, "what came for step \(step) was acknowledged")
        case .reviewed(let decision):
            let state = try await store.decision(decision)?.state
            return state == .decided || state == .rejected
                ? nil
                : (decision, "its review was acknowledged, and it is \(state?.rawValue ?? "-")")
        }
    }

    private func events(of run: Identifier, _ store: MemoryStore) async throws -> [RunEvent] {
        try await store.history(of: run, from: 1, limit: 100_000).map(\.event)
    }

    /// Taken in, still there for a run that stands still, or given up by a person.
    private func hasArrived(
        _ run: Identifier,
        _ step: Int,
        _ epoch: Int64,
        _ store: MemoryStore
    ) async throws -> Bool {
        if try await store.signals(of: [run], limit: 10_000).contains(where: { $0.step == step }) {
            return true
        }
        // Another step may have ended the run meanwhile.
        let known = try await store.run(run)
        switch known?.state {
        case .failed?, .cancelled?, .undoing?: return true
        case .paused? where known?.pausedFrom == .undoing: return true
        default: break
        }
        return try await events(of: run, store).contains { event in
            switch event {
            case .succeeded(step, epoch, _): true
            case .acted(let act, _):
                switch act {
                case .cancel, .skip, .restart: true
                case .pause, .resume, .retry, .undo: false
                }
            default: false
            }
        }
    }
}
