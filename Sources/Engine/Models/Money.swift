/// An amount of US dollars in whole picodollars (1e-12 USD), so sums are exact.
///
/// Sums and products stop at the largest amount, over nine million dollars, and never wrap.
package struct Money: Sendable, Hashable, Comparable {
    package let picodollars: Int64

    package init(picodollars: Int64) {
        self.picodollars = picodollars
    }

    package static let zero = Money(picodollars: 0)

    package static func + (left: Money, right: Money) -> Money {
        let (sum, overflow) = left.picodollars.addingReportingOverflow(right.picodollars)
        guard overflow else { return Money(picodollars: sum) }
        return Money(picodollars: left.picodollars < 0 ? .min : .max)
    }

    package static func += (left: inout Money, right: Money) { left = left + right }

    /// So many times the amount.
    package static func * (left: Money, count: Int64) -> Money {
        let (product, overflow) = left.picodollars.multipliedReportingOverflow(by: count)
        guard overflow else { return Money(picodollars: product) }
        return Money(picodollars: (left.picodollars < 0) != (count < 0) ? .min : .max)
    }

    package static func < (left: Money, right: Money) -> Bool {
        left.picodollars < right.picodollars
    }

    /// Nearest double, for display and JSON.
    package var dollars: Double { Double(picodollars) / 1e12 }
}

extension Money: CustomStringConvertible {
    /// Decimal dollars without superfluous zeroes: `0.0000314`.
    package var description: String {
        let magnitude = picodollars.magnitude
        let whole = magnitude / 1_000_000_000_000
        var fraction = String(magnitude % 1_000_000_000_000)
        fraction = String(repeating: "0", count: 12 - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let sign = picodollars < 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }
}
