/// Dates, times and durations of RFC 3339.
enum TimeFormat {
    static func isDateTime(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 11, isDate(bytes, through: 10) else { return false }
        return (bytes[10] | 0x20) == UInt8(ascii: "t") && isTime(bytes, from: 11)
    }

    static func isDate(_ bytes: Span<UInt8>) -> Bool {
        bytes.count == 10 && isDate(bytes, through: 10)
    }

    static func isTime(_ bytes: Span<UInt8>) -> Bool { isTime(bytes, from: 0) }

    private static func isDate(_ bytes: Span<UInt8>, through end: Int) -> Bool {
        guard let year = bytes.digits(4, at: 0), bytes[orEnd: 4] == UInt8(ascii: "-"),
            let month = bytes.digits(2, at: 5), bytes[orEnd: 7] == UInt8(ascii: "-"),
            let day = bytes.digits(2, at: 8), (1...12).contains(month)
        else { return false }
        let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
        let last =
            switch month {
            case 2: isLeap ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        return (1...last).contains(day)
    }

    private static func isTime(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        guard let hour = bytes.digits(2, at: start), hour < 24,
            bytes[orEnd: start + 2] == UInt8(ascii: ":"),
            let minute = bytes.digits(2, at: start + 3), minute < 60,
            bytes[orEnd: start + 5] == UInt8(ascii: ":"),
            let second = bytes.digits(2, at: start + 6), second <= 60
        else { return false }
        var index = start + 8
        if bytes[orEnd: index] == UInt8(ascii: ".") {
            index += 1
            let first = index
            while ASCII.isDigit(bytes[orEnd: index]) { index += 1 }
            if index == first { return false }
        }
        guard let offset = offset(bytes, at: index) else { return false }
        // A leap second is the last one of a day in UTC.
        return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439
    }

    /// Minutes ahead of UTC, when a zone stands there and then the end.
    private static func offset(_ bytes: Span<UInt8>, at index: Int) -> Int? {
        let sign = bytes[orEnd: index]
        if sign | 0x20 == UInt8(ascii: "z") { return index + 1 == bytes.count ? 0 : nil }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), index + 6 == bytes.count,
            let hours = bytes.digits(2, at: index + 1), hours < 24,
            bytes[index + 3] == UInt8(ascii: ":"),
            let minutes = bytes.digits(2, at: index + 4), minutes < 60
        else { return nil }
        return (sign == UInt8(ascii: "+") ? 1 : -1) * (hours * 60 + minutes)
    }

    /// `P` and units in order, none left out between two (RFC 3339, appendix A).
    static func isDuration(_ bytes: Span<UInt8>) -> Bool {
        guard bytes[orEnd: 0] == UInt8(ascii: "P") else { return false }
        if bytes[orEnd: bytes.count - 1] == UInt8(ascii: "W") {
            var index = 1
            while ASCII.isDigit(bytes[orEnd: index]) { index += 1 }
            return index > 1 && index == bytes.count - 1
        }
        var index = 1
        var hasAny = false
        // Y, M and D.
        if !units((0x59, 0x4D, 0x44), bytes, &index, &hasAny) { return false }
        if bytes[orEnd: index] == UInt8(ascii: "T") {
            index += 1
            var hasTime = false
            // H, M and S.
            if !units((0x48, 0x4D, 0x53), bytes, &index, &hasTime) || !hasTime { return false }
            hasAny = true
        }
        return hasAny && index == bytes.count
    }

    /// Numbers with their units: three letters in order.
    private static func units(
        _ letters: (UInt8, UInt8, UInt8),
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ hasAny: inout Bool
    ) -> Bool {
        var last: Int?
        while ASCII.isDigit(bytes[orEnd: index]) {
            while ASCII.isDigit(bytes[orEnd: index]) { index += 1 }
            let letter = bytes[orEnd: index]
            let unit = letter == letters.0 ? 0 : letter == letters.1 ? 1 : 2
            guard unit < 2 || letter == letters.2, last.map({ unit == $0 + 1 }) ?? true else {
                return false
            }
            last = unit
            hasAny = true
            index += 1
        }
        return true
    }
}
