/// Reads the bytes of one TZif file (RFC 9636).
struct TZifReader {
    struct Content {
        var changes: [TimeZoneRules.Change] = []
        var firstOffset: Int64 = 0
        var yearly: YearlyRule?
    }

    /// The counts at the start of a block.
    private struct Header {
        var version: UInt8 = 0
        var utcMarks = 0
        var standardMarks = 0
        var leapSeconds = 0
        var changes = 0
        var types = 0
        var nameBytes = 0

        /// The bytes that follow, when a time takes that many; at most 2^38.
        func size(timeBytes: Int) -> Int {
            changes * (timeBytes + 1) + types * Self.typeBytes + nameBytes
                + leapSeconds * (timeBytes + 4) + standardMarks + utcMarks
        }

        static let typeBytes = 6
    }

    private let bytes: [UInt8]
    private let zone: String
    private var place = 0

    init(_ bytes: [UInt8], zone: String) {
        self.bytes = bytes
        self.zone = zone
    }

    mutating func read() throws(TimeZoneError) -> Content {
        guard bytes.count <= Limits.timeZoneBytes else {
            throw malformed("it is larger than \(Limits.timeZoneBytes) bytes")
        }
        let header = try self.header()
        var content: Content
        if header.version == 0 {
            content = try block(header, timeBytes: 4)
        } else {
            // The first block is for readers that know no other.
            try need(header.size(timeBytes: 4))
            place += header.size(timeBytes: 4)
            let second = try self.header()
            guard second.version == header.version else {
                throw malformed("its two parts are of different versions")
            }
            content = try block(second, timeBytes: 8)
            content.yearly = try footer()
        }
        guard place == bytes.count else { throw malformed("bytes follow its end") }
        return content
    }

    private mutating func header() throws(TimeZoneError) -> Header {
        try need(44)
        guard bytes[place..<place + 4].elementsEqual("TZif".utf8) else {
            throw malformed("it is no TZif file")
        }
        var header = Header()
        header.version = bytes[place + 4]
        guard header.version == 0 || (UInt8(ascii: "2")...UInt8(ascii: "4")) ~= header.version
        else { throw malformed("its version is not 1, 2, 3 or 4") }
        place += 20
        header.utcMarks = Int(number(bytes: 4))
        header.standardMarks = Int(number(bytes: 4))
        header.leapSeconds = Int(number(bytes: 4))
        header.changes = Int(number(bytes: 4))
        header.types = Int(number(bytes: 4))
        header.nameBytes = Int(number(bytes: 4))
        return header
    }

    private mutating func block(
        _ header: Header,
        timeBytes: Int
    ) throws(TimeZoneError) -> Content {
        try need(header.size(timeBytes: timeBytes))
        let end = place + header.size(timeBytes: timeBytes)
        guard header.leapSeconds == 0 else {
            throw TimeZoneError(
                .leapSeconds,
                zone: zone,
                message: "the time zone '\(zone)' counts leap seconds; name one that does not"
            )
        }
        guard (1...256).contains(header.types) else {
            throw malformed("it has \(header.types) kinds of local time instead of 1 to 256")
        }
        let times = (0..<header.changes).map { _ in signed(bytes: timeBytes) }
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw malformed("its changes are not in order")
        }
        let kinds = bytes[place..<place + header.changes].map(Int.init)
        place += header.changes
        var offsets: [Int64] = []
        for _ in 0..<header.types {
            offsets.append(signed(bytes: 4))
            place += Header.typeBytes - 4
        }
        guard offsets.allSatisfy(YearlyRule.offsets.contains) else {
            throw malformed("its local time is more than a day away from UTC")
        }
        guard kinds.allSatisfy(offsets.indices.contains) else {
            throw malformed("a change leads to a kind of local time that it does not have")
        }
        place = end
        let changes = zip(times, kinds).map { time, kind in
            TimeZoneRules.Change(second: time, offset: offsets[kind])
        }
        return Content(changes: changes, firstOffset: offsets[0])
    }

    /// The rule for the years to come, a text between two ends of line; none when it is empty.
    private mutating func footer() throws(TimeZoneError) -> YearlyRule? {
        let lineEnd = UInt8(ascii: "\n")
        guard place < bytes.count, bytes[place] == lineEnd,
            let end = bytes[(place + 1)...].firstIndex(of: lineEnd)
        else { throw malformed("its rule for later years is not between two line ends") }
        let text = Array(bytes[(place + 1)..<end])
        place = end + 1
        if text.isEmpty { return nil }
        guard let rule = YearlyRule(text) else {
            throw malformed("its rule for later years is not sound")
        }
        return rule
    }

    // MARK: Numbers

    private func need(_ count: Int) throws(TimeZoneError) {
        guard count <= bytes.count - place else { throw malformed("it ends too early") }
    }

    /// The next bytes as a number, the highest first; the caller knows that they are there.
    private mutating func number(bytes count: Int) -> UInt64 {
        var value: UInt64 = 0
        for byte in bytes[place..<place + count] { value = value << 8 | UInt64(byte) }
        place += count
        return value
    }

    private mutating func signed(bytes count: Int) -> Int64 {
        let value = number(bytes: count)
        return count == 4
            ? Int64(Int32(truncatingIfNeeded: value)) : Int64(truncatingIfNeeded: value)
    }

    private func malformed(_ reason: String) -> TimeZoneError {
        TimeZoneError(
            .malformed,
            zone: zone,
            message: "the file of the time zone '\(zone)' cannot be used: \(reason)"
        )
    }
}
