package import Values

/// What one policy's budget has left in the period that runs.
///
/// A call reserves the most it can cost before it is made and settles what it did cost after, so
/// that no period spends more than its budget, however many calls are in flight. Amounts are in
/// 10^-12 USD.
package struct BudgetAccount: Sendable, Equatable {
    package let budget: Budget
    package private(set) var start: Instant
    package private(set) var end: Instant
    package private(set) var spent: Int64
    package private(set) var reserved: Int64 = 0

    /// `spent` is what the log knows to be spent since the period of `now` began.
    package init(_ budget: Budget, spent: Int64, at now: Instant) {
        self.budget = budget
        self.spent = spent
        (start, end) = budget.period(at: now)
    }

    package var limit: Int64 { Int64(min(budget.usd * 1e12, 9e18)) }

    /// Reserves an amount; false when there is no room for it in this period.
    package mutating func reserve(_ amount: Int64, at now: Instant) -> Bool {
        turnOver(now)
        guard spent + reserved + amount <= limit else { return false }
        reserved += amount
        return true
    }

    /// Gives back what was reserved and counts what was spent, in the period that runs then.
    package mutating func settle(_ amount: Int64, spent actual: Int64, at now: Instant) {
        turnOver(now)
        reserved -= amount
        spent += actual
    }

    private mutating func turnOver(_ now: Instant) {
        guard now >= end else { return }
        (start, end) = budget.period(at: now)
        spent = 0
    }
}
