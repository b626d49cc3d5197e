extension YearlyRule {
    /// The rule that a text writes; nil when the text is not sound.
    ///
    /// A zone with daylight saving time must say when it begins and ends.
    init?(_ text: [UInt8]) {
        var reader = YearlyRuleReader(text)
        guard let rule = reader.read() else { return nil }
        self = rule
    }
}

/// Reads `CET-1CEST,M3.5.0,M10.5.0/3` and its like.
private struct YearlyRuleReader {
    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func read() -> YearlyRule? {
        // POSIX counts hours to the west.
        guard name(), let west = time(hours: 24) else { return nil }
        if place == text.count { return rule(standard: -west, daylight: nil) }
        guard name() else { return nil }
        var offset = 3_600 - west
        if next != UInt8(ascii: ",") {
            guard let west = time(hours: 24) else { return nil }
            offset = -west
        }
        guard take(","), let begins = turn(), take(","), let ends = turn(), place == text.count
        else { return nil }
        let daylight = YearlyRule.Daylight(offset: offset, begins: begins, ends: ends)
        return rule(standard: -west, daylight: daylight)
    }

    private func rule(standard: Int64, daylight: YearlyRule.Daylight?) -> YearlyRule? {
        guard YearlyRule.offsets.contains(standard),
            YearlyRule.offsets.contains(daylight?.offset ?? 0)
        else { return nil }
        return YearlyRule(standard: standard, daylight: daylight)
    }

    /// Passes over an abbreviation: three letters or more, or `<+03>`.
    private mutating func name() -> Bool {
        let isQuoted = take("<")
        let start = place
        while let byte = next, Self.isLetter(byte) || isQuoted && Self.isQuotable(byte) {
            place += 1
        }
        guard place - start >= 3 else { return false }
        return !isQuoted || take(">")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte | 0x20
    }

    private static func isQuotable(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "-")
    }

    /// `Mm.w.d`, `Jn` or `n`, and perhaps `/time`; two o'clock without.
    private mutating func turn() -> YearlyRule.Turn? {
        guard let day = day() else { return nil }
        guard take("/") else { return YearlyRule.Turn(day: day, time: 7_200) }
        guard let time = time(hours: 167) else { return nil }
        return YearlyRule.Turn(day: day, time: time)
    }

    private mutating func day() -> YearlyRule.Turn.Day? {
        if take("M") {
            guard let month = number(in: 1...12), take("."), let week = number(in: 1...5),
                take("."), let day = number(in: 0...6)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
        if take("J") { return number(in: 1...365).map { .withoutLeapDay($0) } }
        return number(in: 0...365).map { .withLeapDay($0) }
    }

    /// Seconds of `[+-]h[:mm[:ss]]`.
    private mutating func time(hours limit: Int64) -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(in: 0...limit) else { return nil }
        var seconds = hours * 3_600
        if take(":") {
            guard let minutes = number(in: 0...59) else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(in: 0...59) else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }

    /// One to three digits.
    private mutating func number(in range: ClosedRange<Int64>) -> Int64? {
        var value: Int64 = 0
        let start = place
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte {
            guard place - start < 3 else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            place += 1
        }
        return place > start && range.contains(value) ? value : nil
    }

    private var next: UInt8? { place < text.count ? text[place] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }
}
