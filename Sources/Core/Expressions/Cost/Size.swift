/// A count of steps, bytes or elements that stays at its largest instead of overflowing.
struct Size: Sendable, Comparable, ExpressibleByIntegerLiteral {
    let count: Int

    init(_ count: Int) { self.count = max(0, count) }
    init(integerLiteral value: Int) { self.init(value) }

    static func < (left: Size, right: Size) -> Bool { left.count < right.count }

    static func + (left: Size, right: Size) -> Size {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return Size(overflow ? .max : sum)
    }

    static func * (left: Size, right: Size) -> Size {
        let (product, overflow) = left.count.multipliedReportingOverflow(by: right.count)
        return Size(overflow ? .max : product)
    }

    static func += (left: inout Size, right: Size) { left = left + right }

    /// The steps that reading so many bytes takes.
    var read: Size { count == .max ? self : Size(Work.bytes(count)) }

    /// The steps that sorting so many elements takes, each comparison one.
    var sorted: Size { self * Size(Work.rounds(count)) }
}

/// How many steps a piece of work counts; the same for an estimate and for what is really done.
enum Work {
    /// For reading or writing bytes one after another.
    static func bytes(_ count: Int) -> Int { count >> 4 }

    /// For compiling a pattern while evaluating: RE2 takes microseconds for a short one.
    static func pattern(_ count: Int) -> Int { 50 + 4 * count }

    /// How often each element is compared when so many are sorted.
    static func rounds(_ count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount + 1 }
}
