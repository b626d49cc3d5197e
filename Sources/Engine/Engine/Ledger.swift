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

    private let accounts = Mutex<[String: BudgetAccount]>([:])
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
        let picodollars = amount.picodollars
        return accounts.withLock { accounts in
            guard accounts[policy.name]?.reserve(picodollars, at: now) == true else {
                let end = accounts[policy.name]?.end ?? now
                let limit = JSON.ecmaScript(budget.usd)
                let said =
                    "\(limit) USD a \(budget.period.rawValue) have no room for another call "
                    + "until \(end.rfc3339)"
                return .failure(AnswerFailure(.overBudget, said, retryAt: end))
            }
            return .success(Reservation(policy: policy.name, amount: picodollars))
        }
    }

    /// Gives back the room and counts what the call cost.
    func settle(_ reservation: Reservation, spent: Money, at now: Instant) {
        accounts.withLock { accounts in
            accounts[reservation.policy]?.settle(
                reservation.amount,
                spent: spent.picodollars,
                at: now
            )
        }
    }

    /// Begins an account with what the store knows to be spent.
    private func open(
        _ budget: Budget,
        of policy: String,
        at now: Instant
    ) async throws(EngineError) {
        let isOpen = accounts.withLock { $0[policy]?.budget == budget }
        if isOpen { return }
        let tallies: [CallTally]
        do {
            tallies = try await store.tallies(since: budget.period(at: now).start)
        } catch {
            throw EngineError(error)
        }
        let spent = tallies.filter { $0.key.policy == policy }.reduce(0) { $0 + $1.cost }
        accounts.withLock { accounts in
            if accounts[policy]?.budget == budget { return }
            accounts[policy] = BudgetAccount(budget, spent: spent, at: now)
        }
    }
}
