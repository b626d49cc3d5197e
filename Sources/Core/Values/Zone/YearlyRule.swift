/// Local time that repeats every year, with daylight saving time or without.
///
/// It is the value of POSIX's `TZ` variable as RFC 9636 extends it:
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable, Equatable {
    /// A day of each year and a local time on it, which may be days away.
    struct Turn: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// `Mm.w.d`: the w-th such weekday of a month, the last for 5; Sunday is 0.
            case weekday(month: Int64, week: Int64, day: Int64)
            /// `Jn`: 1 to 365, the 29th of February not counted.
            case withoutLeapDay(Int64)
            /// `n`: 0 to 365, the 29th of February counted.
            case withLeapDay(Int64)
        }

        let day: Day
        /// Seconds from the day's midnight.
        let time: Int64
    }

    struct Daylight: Sendable, Equatable {
        let offset: Int64
        let begins: Turn
        let ends: Turn
    }

    /// Seconds that local time can be ahead of UTC, by RFC 9636.
    static let offsets: ClosedRange<Int64> = -89_999...93_599

    let standard: Int64
    let daylight: Daylight?

    /// The stretch of a second since 1970; it may end where the next one is the same.
    func stretch(at second: Int64) -> TimeZoneRules.Stretch {
        guard let daylight else {
            return TimeZoneRules.Stretch(start: .min, end: .max, offset: standard)
        }
        let year = CivilDate(daysSince1970: floorDivide(second, secondsOfDay)).year
        var start = Int64.min
        var end = Int64.max
        var offset = standard
        // A turn can be a week and some hours before or after its year, so that the neighbours of
        // the neighbouring years matter.
        for year in (year - 2)...(year + 2) {
            let begins = daylight.begins.local(in: year) - standard
            var ends = daylight.ends.local(in: year) - daylight.offset
            // South of the equator the summer ends in the next year.
            if ends < begins { ends = daylight.ends.local(in: year + 1) - daylight.offset }
            if begins <= second, second < ends { offset = daylight.offset }
            for edge in [begins, ends] {
                if edge <= second { start = max(start, edge) } else { end = min(end, edge) }
            }
        }
        return TimeZoneRules.Stretch(start: start, end: end, offset: offset)
    }
}

extension YearlyRule.Turn {
    /// Its local second in a year.
    func local(in year: Int64) -> Int64 {
        date(in: year) * secondsOfDay + time
    }

    /// Days from 1970-01-01 to the day in a year.
    private func date(in year: Int64) -> Int64 {
        let newYear = CivilDate(year: year, month: 1, day: 1).daysSince1970
        switch day {
        case .withLeapDay(let number): return newYear + number
        case .withoutLeapDay(let number):
            let march = CivilDate(year: year, month: 3, day: 1).daysSince1970
            return number < 60 ? newYear + number - 1 : march + number - 60
        case .weekday(let month, let week, let day):
            let first = CivilDate(year: year, month: month, day: 1).daysSince1970
            // 1970-01-01 was a Thursday.
            let weekday = first + 4 - floorDivide(first + 4, 7) * 7
            let found = first + (day - weekday + 7) % 7 + (week - 1) * 7
            let next = CalendarPeriod.month.next(after: first * secondsOfDay) / secondsOfDay
            return found < next ? found : found - 7
        }
    }
}
