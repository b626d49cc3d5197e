/// A moment in UTC, in whole microseconds since 1970-01-01T00:00:00Z.
package struct Instant: Sendable, Hashable, Comparable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Rounds the duration down to whole microseconds.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds + duration.wholeMicroseconds)
    }

    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds - duration.wholeMicroseconds)
    }

    package static func - (left: Instant, right: Instant) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    /// RFC 3339 in UTC with six digits of fraction: `2026-11-21T04:19:00.000000Z`.
    package var rfc3339: String {
        let day = floorDivide(microseconds, 86_400_000_000)
        let inDay = microseconds - day * 86_400_000_000
        let date = CivilDate(daysSince1970: day)
        let second = inDay / 1_000_000
        var text: [UInt8] = []
        text.reserveCapacity(27)
        func write(_ value: Int64, _ width: Int, then end: Unicode.Scalar) {
            let digits = String(value).utf8
            for _ in digits.count..<max(width, digits.count) { text.append(UInt8(ascii: "0")) }
            text += digits
            text.append(UInt8(ascii: end))
        }
        write(date.year, 4, then: "-")
        write(date.month, 2, then: "-")
        write(date.day, 2, then: "T")
        write(second / 3_600, 2, then: ":")
        write(second / 60 % 60, 2, then: ":")
        write(second % 60, 2, then: ".")
        write(inDay % 1_000_000, 6, then: "Z")
        return String(decoding: text, as: UTF8.self)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var wholeMicroseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000
    }
}

/// A date of the proleptic Gregorian calendar.
package struct CivilDate: Sendable, Hashable {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    /// The date that many days from 1970-01-01, by Howard Hinnant's `civil_from_days`.
    package init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days from 1970-01-01, by Howard Hinnant's `days_from_civil`.
    package var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// `YYYY-MM-DD`.
    package var text: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
}

/// Division that rounds towards negative infinity; the divisor is positive.
package func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value + 1) / divisor - 1
}

/// A number that is not negative with zeroes before it up to a width.
package func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
