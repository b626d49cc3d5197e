internal import Autonomy
internal import Decisions
internal import Models
internal import Storage
internal import Synchronization
internal import Values

/// The budgets of all policies while the engine runs.
///
/// There is one engine to a store, so what it reserves and what the store's tallies know is all
/// there is. After a crash the tallies tell what was spent.
final class Ledger: Sendable {
    /// Room held for one call; it must be settled.
    struct Reservation: Sendable {
        let policy: String
        let amount: Int64
    }

    private struct Book {
        var account: BudgetAccount
        /// Callers that wait for calls in flight to be settled.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let books = Mutex<[String: Book]>([:])
    private let store: any Store

    init(_ store: any Store) { self.store = store }

    /// Holds room for a call; nothing where the policy has no budget.
    ///
    /// A failure says until when there is no room.
    func reserve(
        _ amount: Money,
        for policy: Policy,
        at now: Instant
    ) async throws(EngineError) -> Result<Reservation?, AnswerFailure> {
        guard let budget = policy.budget else { return .success(nil) }
        try await open(budget, of: policy.name, at: now)
        while true {
            let (room, end) = books.withLock { books in
                let room = books[policy.name]?.account.reserve(amount.picodollars, at: now)
                return (room ?? .none, books[policy.name]?.account.end ?? now)
            }
            switch room {
            case .granted:
                return .success(Reservation(policy: policy.name, amount: amount.picodollars))
            case .none: return .failure(Self.spent(budget, until: end))
            case .later: await settled(policy.name)
            }
        }
    }

    private static func spent(_ budget: Budget, until end: Instant) -> AnswerFailure {
        let said =
            "\(JSON.ecmaScript(budget.usd)) USD a \(budget.period.rawValue) have no room for "
            + "another call until \(end.rfc3339)"
        return AnswerFailure(.overBudget, said, retryAt: end)
    }

    /// Waits until a call in flight is settled; at once when none is any more.
    private func settled(_ policy: String) async {
        await withCheckedContinuation { continuation in
            let waits = books.withLock { books -> Bool in
                guard let book = books[policy], book.account.reserved > 0 else { return false }
                books[policy]?.waiting.append(continuation)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    /// Gives back the room and counts what the call cost.
    func settle(_ reservation: Reservation, spent: Money, at now: Instant) {
        let waiting = books.withLock { books in
            books[reservation.policy]?.account.settle(
                reservation.amount,
                spent: spent.picodollars,
                at: now
            )
            defer { books[reservation.policy]?.waiting = [] }
            return books[reservation.policy]?.waiting ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Begins an account with what the store knows to be spent.
    private func open(
        _ budget: Budget,
        of policy: String,
        at now: Instant
    ) async throws(EngineError) {
        let isOpen = books.withLock { $0[policy]?.account.budget == budget }
        if isOpen { return }
        let tallies: [CallTally]
        do {
            tallies = try await store.tallies(since: budget.period(at: now).start)
        } catch {
            throw EngineError(error)
        }
        let spent = tallies.filter { $0.key.policy == policy }.reduce(0) { $0 + $1.cost }
        books.withLock { books in
            if books[policy]?.account.budget == budget { return }
            // Under a changed budget, what is in flight is still held by those who wait for it.
            let waiting = books[policy]?.waiting ?? []
            let account = BudgetAccount(budget, spent: spent, at: now)
            books[policy] = Book(account: account, waiting: waiting)
        }
    }
}
