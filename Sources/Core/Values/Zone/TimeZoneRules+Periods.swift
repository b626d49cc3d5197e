/// Days, weeks and months follow the first time that the local clock reaches their midnight or goes
/// beyond it. So each instant is in exactly one day, also where clocks are put back over midnight:
/// what then repeats the evening before belongs to the day that had begun. A day that the zone
/// left out is empty and never contains an instant.
///
/// Hours are those of the clock, cut where the clock is changed: one that happens twice is two.
extension TimeZoneRules {
    /// The first instant of the period that an instant is in.
    ///
    /// Before the first instant that there is a value for, it is that one.
    package func start(of period: CalendarPeriod, containing instant: Instant) -> Instant {
        Self.instant(seconds(of: period, containing: instant.wholeSeconds).lowerBound)
    }

    /// The first instant after the period that an instant is in: the start of the next.
    ///
    /// After the last instant that there is a value for, it is that one.
    package func end(of period: CalendarPeriod, containing instant: Instant) -> Instant {
        Self.instant(seconds(of: period, containing: instant.wholeSeconds).upperBound)
    }

    private func seconds(of period: CalendarPeriod, containing second: Int64) -> Range<Int64> {
        if period == .hour { return hour(containing: second) }
        var start = period.start(containing: second + stretch(at: second).offset)
        while true {
            let next = period.next(after: start)
            let end = firstSecond(atOrAfter: next)
            if end > second { return firstSecond(atOrAfter: start)..<end }
            // The clock was here before it was put back.
            start = next
        }
    }

    private func hour(containing second: Int64) -> Range<Int64> {
        let current = stretch(at: second)
        let start = CalendarPeriod.hour.start(containing: second + current.offset) - current.offset
        let end = start + 3_600
        var first = current
        while first.start > start {
            let before = stretch(at: first.start - 1)
            if before.offset != current.offset { break }
            first = before
        }
        var last = current
        while last.end < end {
            let after = stretch(at: last.end)
            if after.offset != current.offset { break }
            last = after
        }
        return max(start, first.start)..<min(end, last.end)
    }

    /// The first second since 1970 at which the local clock shows a local second or a later one.
    private func firstSecond(atOrAfter local: Int64) -> Int64 {
        // Earlier than this, the clock is behind whatever the offset.
        var second = local - YearlyRule.offsets.upperBound
        while true {
            let stretch = stretch(at: second)
            let reached = max(second, local - stretch.offset)
            if reached < stretch.end { return reached }
            second = stretch.end
        }
    }

    private static func instant(_ second: Int64) -> Instant {
        let (microseconds, overflow) = second.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return Instant(microseconds: second < 0 ? .min : .max) }
        return Instant(microseconds: microseconds)
    }
}
