/// How often somebody may ask: so many a period, and how many of them at once.
///
/// Written `100/s`, `6000/m` or `10/h`; with `:BURST` after it where fewer or more than one period's
/// worth may come at once.
package struct Rate: Sendable, Hashable {
    package enum Period: String, Sendable, CaseIterable {
        case second = "s"
        case minute = "m"
        case hour = "h"

        var seconds: Int64 {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3_600
            }
        }
    }

    /// Requests of one period, from 1 to `Limits.rateCount`.
    package let count: Int
    package let period: Period
    /// Requests that may come at once after a pause, in the same range.
    package let burst: Int

    /// Without a burst, what a whole period allows may come at once.
    package init?(_ count: Int, per period: Period, burst: Int? = nil) {
        let allowed = 1...Limits.rateCount
        guard allowed.contains(count), allowed.contains(burst ?? count) else { return nil }
        self.count = count
        self.period = period
        self.burst = burst ?? count
    }

    /// Reads the written form; nothing when it is not that.
    package init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, parts.count == 2, let count = Int(parts[0]),
            let period = Period(rawValue: String(parts[1]))
        else { return nil }
        var burst: Int?
        if halves.count == 2 {
            guard let written = Int(halves[1]) else { return nil }
            burst = written
        }
        self.init(count, per: period, burst: burst)
    }

    /// The written form.
    package var text: String {
        "\(count)/\(period.rawValue)" + (burst == count ? "" : ":\(burst)")
    }

    /// Nanoseconds from one request to the next, rounded up so that the rate is never exceeded.
    var interval: Int64 {
        (period.seconds * 1_000_000_000 + Int64(count) - 1) / Int64(count)
    }

    /// Whole seconds in which a burst that was used up is there again, rounded up.
    package var window: Int64 { (Int64(burst) * interval + 999_999_999) / 1_000_000_000 }
}
