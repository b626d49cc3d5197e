/// A stretch of the local calendar; weeks start on Monday.
package enum CalendarPeriod: String, Sendable, CaseIterable {
    case hour
    case day
    case week
    case month
}

extension CalendarPeriod {
    /// The local second on which the period of a local second starts.
    func start(containing local: Int64) -> Int64 {
        let day = floorDivide(local, secondsOfDay)
        switch self {
        case .hour: return floorDivide(local, 3_600) * 3_600
        case .day: return day * secondsOfDay
        case .week: return (floorDivide(day + 3, 7) * 7 - 3) * secondsOfDay
        case .month: return (day - CivilDate(daysSince1970: day).day + 1) * secondsOfDay
        }
    }

    /// The local second on which the period after the one that starts there starts.
    func next(after start: Int64) -> Int64 {
        switch self {
        case .hour: return start + 3_600
        case .day: return start + secondsOfDay
        case .week: return start + 7 * secondsOfDay
        case .month:
            let first = CivilDate(daysSince1970: floorDivide(start, secondsOfDay))
            let isLast = first.month == 12
            let next = CivilDate(
                year: isLast ? first.year + 1 : first.year,
                month: isLast ? 1 : first.month + 1,
                day: 1
            )
            return next.daysSince1970 * secondsOfDay
        }
    }
}

/// Seconds of a day in which no clock is changed.
let secondsOfDay: Int64 = 86_400
