package import Values

/// A moment with nanoseconds, from year 1 to 9999: CEL's timestamp.
package struct Timestamp: Sendable, Hashable {
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanoseconds: Int32

    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// Nothing outside year 1 to 9999.
    package init?(seconds: Int64, nanoseconds: Int32) {
        guard Self.range.contains(seconds) else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package init(_ instant: Instant) {
        let whole = floorDivide(instant.microseconds, 1_000_000)
        seconds = min(max(whole, Self.range.lowerBound), Self.range.upperBound)
        nanoseconds = Int32((instant.microseconds - whole * 1_000_000) * 1_000)
    }

    /// RFC 3339 in UTC, with as much fraction as there is.
    package var text: String {
        let day = floorDivide(seconds, 86_400)
        let second = seconds - day * 86_400
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }
        return CivilDate(daysSince1970: day).text + "T" + clock.joined(separator: ":")
            + fractionText(nanoseconds) + "Z"
    }

    /// Reads RFC 3339.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]),
            let day = digits(bytes[8..<10]), let hour = digits(bytes[11..<13]),
            let minute = digits(bytes[14..<16]), let second = digits(bytes[17..<19])
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard (1...12).contains(month), day >= 1,
            CivilDate(daysSince1970: date.daysSince1970) == date,
            hour < 24, minute < 60, second < 60
        else { return nil }
        var rest = bytes[19...]
        guard let nanoseconds = takeFraction(&rest), let offset = zoneOffset(rest) else {
            return nil
        }
        let local = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(seconds: local - offset, nanoseconds: nanoseconds)
    }

    func adding(_ span: Span, sign: Int64 = 1) -> Timestamp? {
        var nanoseconds = Int64(self.nanoseconds) + sign * Int64(span.nanoseconds)
        let carry = floorDivide(nanoseconds, 1_000_000_000)
        nanoseconds -= carry * 1_000_000_000
        return Timestamp(
            seconds: seconds + sign * span.seconds + carry,
            nanoseconds: Int32(nanoseconds)
        )
    }
}

/// A length of time with nanoseconds: CEL's duration.
///
/// Both parts have the sign of the whole.
package struct Span: Sendable, Hashable {
    package let seconds: Int64
    package let nanoseconds: Int32

    /// Nothing beyond what 64 bits of nanoseconds hold, about 292 years either way.
    init?(seconds: Int64, nanoseconds: Int64) {
        let (total, overflow) = seconds.addingReportingOverflow(nanoseconds / 1_000_000_000)
        if overflow { return nil }
        var whole = total
        var rest = nanoseconds % 1_000_000_000
        if whole > 0, rest < 0 {
            whole -= 1
            rest += 1_000_000_000
        } else if whole < 0, rest > 0 {
            whole += 1
            rest -= 1_000_000_000
        }
        let (scaled, beyond) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        if beyond || scaled.addingReportingOverflow(rest).overflow { return nil }
        self.seconds = whole
        self.nanoseconds = Int32(rest)
    }

    /// Seconds with a fraction and `s`: `1.5s`.
    package var text: String {
        let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
        return sign + String(seconds.magnitude) + fractionText(abs(nanoseconds)) + "s"
    }

    /// Reads Go's form: `1h30m`, `-1.5s`, `200ms`, `10us`, `3ns`.
    package init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        var sign: Int64 = 1
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
            if rest.popFirst() == UInt8(ascii: "-") { sign = -1 }
        }
        if rest.elementsEqual("0".utf8) {
            self.init(seconds: 0, nanoseconds: 0)
            return
        }
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            guard let part = Self.takePart(&rest) else { return nil }
            let (sum, overflow) = seconds.addingReportingOverflow(part.seconds)
            if overflow { return nil }
            seconds = sum
            nanoseconds += part.nanoseconds
        }
        self.init(seconds: sign * seconds, nanoseconds: sign * nanoseconds)
    }

    private static func takePart(
        _ rest: inout ArraySlice<UInt8>
    ) -> (seconds: Int64, nanoseconds: Int64)? {
        let whole = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(fraction.count)
        }
        if whole.isEmpty, fraction.isEmpty { return nil }
        let unit = rest.prefix { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(unit.count)
        let units: [String: Int64] = [
            "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000,
            "us": 1_000, "µs": 1_000, "ns": 1,
        ]
        guard let scale = units[String(decoding: unit, as: UTF8.self)],
            let count = whole.isEmpty ? 0 : digits(whole)
        else { return nil }
        let (full, overflow) = count.multipliedReportingOverflow(by: max(1, scale / 1_000_000_000))
        if overflow { return nil }
        var nanoseconds: Int64 = 0
        var seconds = full
        if scale < 1_000_000_000 {
            let perSecond = 1_000_000_000 / scale
            seconds = count / perSecond
            nanoseconds = count % perSecond * scale
        }
        var place = Double(scale) / 10
        var extra = 0.0
        for digit in fraction {
            extra += Double(digit - 0x30) * place
            place /= 10
        }
        return (seconds, nanoseconds + Int64(extra.rounded()))
    }
}

private func fractionText(_ nanoseconds: Int32) -> String {
    guard nanoseconds != 0 else { return "" }
    var text = padded(Int64(nanoseconds), 9)
    while text.hasSuffix("0") { text.removeLast() }
    return "." + text
}

private func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(String(decoding: bytes, as: UTF8.self))
}

private func takeFraction(_ rest: inout ArraySlice<UInt8>) -> Int32? {
    guard rest.first == UInt8(ascii: ".") else { return 0 }
    let fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
    guard (1...9).contains(fraction.count), let value = digits(fraction) else { return nil }
    rest = rest.dropFirst(1 + fraction.count)
    var scaled = value
    for _ in fraction.count..<9 { scaled *= 10 }
    return Int32(scaled)
}

/// Seconds east of UTC of `Z` or `+hh:mm`.
func zoneOffset(_ text: ArraySlice<UInt8>) -> Int64? {
    if text.elementsEqual("Z".utf8) || text.elementsEqual("z".utf8) { return 0 }
    let bytes = Array(text)
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = digits(bytes[1..<3]),
        let minutes = digits(bytes[4..<6]), hours < 24, minutes < 60
    else { return nil }
    let offset = hours * 3_600 + minutes * 60
    if bytes[0] == UInt8(ascii: "+") { return offset }
    return bytes[0] == UInt8(ascii: "-") ? -offset : nil
}
