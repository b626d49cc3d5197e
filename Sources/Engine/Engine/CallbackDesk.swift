internal import Models
package import Storage
package import Values
package import Webhooks

/// Where people see what could not be delivered, and send it again.
///
/// It needs no engine lock: the server that runs, or the next one, finds what is due.
package struct CallbackDesk: Sendable {
    private let store: any Store
    private let surroundings: Surroundings

    package init(store: any Store, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// Callbacks, the newest decision first.
    package func list(_ query: CallbackQuery) async throws(EngineError) -> [Callback] {
        do {
            return try await store.callbacks(query)
        } catch {
            throw EngineError(error)
        }
    }

    /// Begins the schedule of a decision's callback again, whatever became of it before.
    package func send(_ decision: Identifier) async throws(EngineError) -> Callback {
        for _ in 0..<Limits.staleAttempts {
            do {
                guard var callback = try await store.callback(decision) else {
                    throw EngineError(.unknown, "decision \(decision) has no callback")
                }
                guard callback.sendAgain(at: surroundings.clock.now) else {
                    throw EngineError(
                        .refused,
                        "decision \(decision) is pending: its result is sent when there is one"
                    )
                }
                if try await store.keep([callback]) == [true] { return callback.next }
            } catch let error as StoreError {
                throw EngineError(error)
            } catch let error as EngineError {
                throw error
            } catch {
                preconditionFailure("a store throws its own errors")
            }
        }
        throw EngineError(.store, "others keep changing the callback of \(decision); try again")
    }
}
