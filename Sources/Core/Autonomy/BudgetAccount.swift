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

    /// Whether there was room for an amount.
    package enum Room: Sendable, Equatable {
        case granted
        /// There may be when calls in flight turn out to cost less than the most they can.
        case later
        /// There is none in this period.
        case none
    }

    /// Reserves an amount where there is room for it.
    package mutating func reserve(_ amount: Int64, at now: Instant) -> Room {
        turnOver(now)
        guard spent + amount <= limit else { return .none }
        guard spent + reserved + amount <= limit else { return .later }
        reserved += amount
        return .granted
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
