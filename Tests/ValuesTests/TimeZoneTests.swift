import Foundation
import Platform
import TestSupport
import Testing
import Values

struct TimeZoneTests {
    // MARK: Offsets

    @Test func `UTC needs no file and one with a file is the same`() throws {
        let read = try TimeZoneRules(name: "UTC", tzif: ZoneFile(offsets: [0]).bytes(version: 1))
        for text in ["0001-01-01 00:00", "1970-01-01 00:00", "2100-06-30 23:59"] {
            #expect(TimeZoneRules.utc.offset(at: at(text)) == .zero)
        }
        #expect(read == .utc)
        #expect(try TimeZones.rules(named: "UTC", in: "/nowhere") == .utc)
    }

    @Test(arguments: ["<+0530>-5:30", "IST-5:30", "IST-05:30:00"])
    func `a fixed offset comes from the footer`(footer: String) throws {
        let zone = try zone(footer)
        #expect(zone.offset(at: at("1900-01-01 00:00")) == .seconds(19_800))
        #expect(zone.offset(at: at("2150-01-01 00:00")) == .seconds(19_800))
        #expect(zone.start(of: .hour, containing: at("2026-01-01 10:15")) == at("2026-01-01 09:30"))
    }

    @Test func `version 1 has times of four bytes and keeps its last offset`() throws {
        let file = ZoneFile(offsets: [600, 3_600, -7_200], changes: [(-100, 1), (1_000, 2)])
        let zone = try TimeZoneRules(name: "Test/One", tzif: file.bytes(version: 1))
        let found = [-101, -100, 999, 1_000, 5_000_000_000].map {
            zone.offset(at: Instant(microseconds: $0 * 1_000_000))
        }
        #expect(found == [600, 3_600, 3_600, -7_200, -7_200].map { .seconds($0) })
        #expect(zone.offset(at: Instant(microseconds: -100_000_001)) == .seconds(600))
    }

    @Test(arguments: 2...4) func `later versions go beyond four bytes`(version: Int) throws {
        let file = ZoneFile(
            offsets: [600, 3_600],
            changes: [(-10_000_000_000, 1), (10_000_000_000, 0)],
            footer: "XXX-3"
        )
        let zone = try TimeZoneRules(name: "Test/Two", tzif: file.bytes(version: version))
        let found = [-10_000_000_001, -10_000_000_000, 9_999_999_999, 10_000_000_000].map {
            zone.offset(at: Instant(microseconds: $0 * 1_000_000))
        }
        #expect(found == [600, 3_600, 3_600, 10_800].map { .seconds($0) })
    }

    struct Turn: CustomTestStringConvertible {
        let footer: String
        let instant: String
        let before: Int64
        let after: Int64
        var testDescription: String { "\(footer) at \(instant)" }
    }

    @Test(arguments: [
        Turn(footer: berlin, instant: "2026-03-29 01:00", before: 3_600, after: 7_200),
        Turn(footer: berlin, instant: "2026-10-25 01:00", before: 7_200, after: 3_600),
        Turn(footer: berlin, instant: "2400-03-26 01:00", before: 3_600, after: 7_200),
        // Sydney's summer is over New Year.
        Turn(footer: sydney, instant: "2026-04-04 16:00", before: 39_600, after: 36_000),
        Turn(footer: sydney, instant: "2026-10-03 16:00", before: 36_000, after: 39_600),
        // Dublin's summer is its standard time.
        Turn(
            footer: "IST-1GMT0,M10.5.0,M3.5.0/1",
            instant: "2026-03-29 01:00",
            before: 0,
            after: 3_600
        ),
        // Times of more than a day, before and after midnight.
        Turn(
            footer: "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            instant: "2026-03-29 01:00",
            before: -7_200,
            after: -3_600
        ),
        Turn(
            footer: "EET-2EEST,M3.4.4/50,M10.4.4/50",
            instant: "2026-03-28 00:00",
            before: 7_200,
            after: 10_800
        ),
        Turn(
            footer: "AAA0BBB,J1/-167,J300/167",
            instant: "2025-12-25 01:00",
            before: 0,
            after: 3_600
        ),
        // The 60th day that is the 1st of March every year, and the one that is not.
        Turn(footer: "AAA0BBB,J60/0,J300", instant: "2028-03-01 00:00", before: 0, after: 3_600),
        Turn(footer: "AAA0BBB,59/0,J300", instant: "2028-02-29 00:00", before: 0, after: 3_600),
        Turn(footer: "AAA0BBB,59/0,J300", instant: "2027-03-01 00:00", before: 0, after: 3_600),
    ])
    func `clocks turn when the yearly rule says`(turn: Turn) throws {
        let zone = try zone(turn.footer)
        let instant = at(turn.instant)
        #expect(zone.offset(at: instant + .microseconds(-1)) == .seconds(turn.before))
        #expect(zone.offset(at: instant) == .seconds(turn.after))
    }

    @Test func `daylight saving time that never ends has no turns`() throws {
        let zone = try zone("EST5EDT,0/0,J365/25")
        for hour in 0..<20_000 {
            let instant = at("2026-12-01 00:00") + .seconds(hour * 3_600)
            #expect(zone.offset(at: instant) == .seconds(-14_400))
        }
        let hour = at("2027-01-01 04:00")
        #expect(zone.end(of: .hour, containing: hour) == hour + .seconds(3_600))
    }

    // MARK: Periods

    struct Span: CustomTestStringConvertible {
        let footer: String
        let period: CalendarPeriod
        let containing: String
        let start: String
        let end: String
        var testDescription: String { "\(period) of \(containing), \(footer)" }
    }

    static let spans = [
        Span(berlin, .day, "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
        Span(berlin, .day, "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"),
        Span(berlin, .day, "2026-10-24 22:00", "2026-10-24 22:00", "2026-10-25 23:00"),
        Span(berlin, .week, "2026-03-29 21:59", "2026-03-22 23:00", "2026-03-29 22:00"),
        Span(berlin, .week, "2026-03-29 22:00", "2026-03-29 22:00", "2026-04-05 22:00"),
        Span(berlin, .month, "2026-10-31 22:59", "2026-09-30 22:00", "2026-10-31 23:00"),
        Span(berlin, .month, "2026-12-31 23:00", "2026-12-31 23:00", "2027-01-31 23:00"),
        // The hour left out is passed over; the one that happens twice is two.
        Span(berlin, .hour, "2026-03-29 00:30", "2026-03-29 00:00", "2026-03-29 01:00"),
        Span(berlin, .hour, "2026-10-25 00:30", "2026-10-25 00:00", "2026-10-25 01:00"),
        Span(berlin, .hour, "2026-10-25 01:30", "2026-10-25 01:00", "2026-10-25 02:00"),
        // São Paulo's clocks once went from midnight to one, and from midnight back to eleven.
        Span(paulo, .day, "2026-10-18 12:00", "2026-10-18 03:00", "2026-10-19 02:00"),
        Span(paulo, .day, "2026-10-18 02:59", "2026-10-17 03:00", "2026-10-18 03:00"),
        Span(paulo, .day, "2026-02-15 02:30", "2026-02-14 02:00", "2026-02-15 03:00"),
        Span(paulo, .week, "2026-10-18 03:00", "2026-10-12 03:00", "2026-10-19 02:00"),
        // St John's clocks went back a minute after midnight: midnight is there twice.
        Span(john, .day, "2026-11-01 02:31", "2026-11-01 02:30", "2026-11-02 03:30"),
        Span(john, .day, "2026-11-01 03:00", "2026-11-01 02:30", "2026-11-02 03:30"),
        Span(john, .day, "2026-11-01 02:29", "2026-10-31 02:30", "2026-11-01 02:30"),
        Span(john, .month, "2026-11-01 03:00", "2026-11-01 02:30", "2026-12-01 03:30"),
        // Lord Howe's clocks turn by half an hour.
        Span(howe, .hour, "2026-04-04 14:45", "2026-04-04 14:00", "2026-04-04 15:00"),
        Span(howe, .hour, "2026-04-04 15:15", "2026-04-04 15:00", "2026-04-04 15:30"),
        Span(howe, .hour, "2026-10-03 15:45", "2026-10-03 15:30", "2026-10-03 16:00"),
    ]

    @Test(arguments: spans) func `a period starts and ends by the local clock`(span: Span) throws {
        let zone = try zone(span.footer)
        let instant = at(span.containing)
        #expect(zone.start(of: span.period, containing: instant) == at(span.start))
        #expect(zone.end(of: span.period, containing: instant) == at(span.end))
    }

    @Test func `a day that the zone left out is in no period`() throws {
        // Samoa went from the 29th of December 2011 to the 31st.
        let change = at("2011-12-30 10:00")
        let file = ZoneFile(
            offsets: [-36_000, 50_400],
            changes: [(change.microseconds / 1_000_000, 1)],
            footer: "<+14>-14"
        )
        let zone = try TimeZoneRules(name: "Test/Apia", tzif: file.bytes(version: 2))
        let before = change + .microseconds(-1)
        #expect(zone.start(of: .day, containing: before) == at("2011-12-29 10:00"))
        #expect(zone.end(of: .day, containing: before) == change)
        #expect(zone.start(of: .day, containing: change) == change)
        #expect(zone.end(of: .day, containing: change) == at("2011-12-31 10:00"))
    }

    @Test(arguments: CalendarPeriod.allCases, [berlin, sydney, paulo, john, howe])
    func `each instant is in exactly one period`(period: CalendarPeriod, footer: String) throws {
        let zone = try zone(footer)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            let second = Int64.random(in: -10_000_000_000...10_000_000_000, using: &generator)
            let instant = Instant(microseconds: second * 1_000_000 + 999_999)
            let start = zone.start(of: period, containing: instant)
            let end = zone.end(of: period, containing: instant)
            let last = end + .microseconds(-1)
            #expect(start <= instant && instant < end)
            #expect(zone.start(of: period, containing: start) == start)
            #expect(zone.end(of: period, containing: start) == end)
            #expect(zone.start(of: period, containing: last) == start)
            #expect(zone.start(of: period, containing: end) == end)
        }
    }

    @Test(arguments: CalendarPeriod.allCases)
    func `the ends of time stay where they are`(period: CalendarPeriod) throws {
        let first = Instant(microseconds: .min)
        let last = Instant(microseconds: .max)
        for zone in [.utc, try zone(Self.berlin)] {
            #expect(zone.start(of: period, containing: first) == first)
            #expect(zone.end(of: period, containing: last) == last)
            #expect(zone.end(of: period, containing: first) > first)
            #expect(zone.start(of: period, containing: last) < last)
        }
    }

    // MARK: Bytes that are not sound

    @Test(arguments: [
        "CET", "CET-1CEST", "CE-1", "CET-25", "CET-1:60", "CET-1CEST,M3.5.0", "<+03-3",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J365", "CET-1CEST,J1,J366", "CET-1CEST,0,366", "CET-1CEST,0/168,1",
        "CET-1CEST,M3.5.0,M10.5.0/3 ", "CET-1CEST,M3.5.0/,M10.5.0", "CET-9999999999999999999",
        "CET24CEST25,0,1", "ÄÖÜ-1",
    ])
    func `a yearly rule that is not sound is refused`(footer: String) throws {
        let error = try #require(throws: TimeZoneError.self) { try zone(footer) }
        #expect(error.code == .malformed)
        #expect(error.message.contains("'Test/Zone'"))
    }

    @Test func `tables that are not sound are refused`() {
        let files = [
            ZoneFile(offsets: [0], changes: [(2, 0), (1, 0)]),
            ZoneFile(offsets: [0], changes: [(1, 0), (1, 0)]),
            ZoneFile(offsets: [0], changes: [(1, 1)]), ZoneFile(offsets: []),
            ZoneFile(offsets: [93_600]), ZoneFile(offsets: [-90_000]),
            ZoneFile(offsets: [0, .min]),
        ]
        for bytes in files.map({ $0.bytes(version: 1) }) + files.map({ $0.bytes(version: 2) }) {
            #expect(code(bytes) == .malformed)
        }
        var file = ZoneFile(offsets: [0])
        #expect(code(file.bytes(version: 5)) == .malformed)
        #expect(code(file.bytes(version: 1) + [0]) == .malformed)
        #expect(code([UInt8](repeating: 0, count: (1 << 20) + 1)) == .malformed)
        file.leapSeconds = 1
        #expect(code(file.bytes(version: 2)) == .leapSeconds)
    }

    @Test func `a file cut anywhere is refused`() {
        for version in 1...4 {
            let bytes = Self.wholeFile.bytes(version: version)
            #expect(code(bytes) == nil)
            for count in bytes.indices { #expect(code(Array(bytes[..<count])) == .malformed) }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `mutated bytes are an error or rules, never a crash`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let interesting: [UInt8] =
            [0, 1, 2, 0x7F, 0x80, 0xFF] + Array("\nTZif234<>+-,./JM0123456789:AB".utf8)
        for _ in 0..<1_000 {
            let version = Int.random(in: 1...4, using: &generator)
            var bytes = Self.wholeFile.bytes(version: version)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = interesting[Int.random(in: 0..<interesting.count, using: &generator)]
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.insert(byte, at: place)
                case 1: bytes.remove(at: place)
                default: bytes[place] = byte
                }
            }
            guard let zone = try? TimeZoneRules(name: "Test/Zone", tzif: bytes) else { continue }
            let any = Int64.random(in: .min ... .max, using: &generator)
            for microseconds in [any, any >> 10, .min, .max] {
                let instant = Instant(microseconds: microseconds)
                for period in CalendarPeriod.allCases {
                    #expect(zone.start(of: period, containing: instant) <= instant)
                    #expect(zone.end(of: period, containing: instant) >= instant)
                }
            }
        }
    }

    // MARK: The machine's database

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/Europe/Berlin")),
        arguments: [
            "Europe/Berlin", "Europe/Dublin", "Europe/Moscow", "America/New_York",
            "America/Sao_Paulo", "America/St_Johns", "Asia/Kolkata", "Asia/Tokyo",
            "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Johannesburg",
        ]
    )
    func `offsets are those of Foundation`(name: String) throws {
        let rules = try TimeZones.rules(named: name, in: "/usr/share/zoneinfo")
        let known = try #require(TimeZone(identifier: name))
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            let second = Int64.random(in: 0..<4_102_444_800, using: &generator)
            let instant = Instant(microseconds: second * 1_000_000)
            let date = Date(timeIntervalSince1970: Double(second))
            let expected = Duration.seconds(known.secondsFromGMT(for: date))
            #expect(rules.offset(at: instant) == expected, "\(name) at \(instant.rfc3339)")
        }
    }

    @Test(arguments: ["", "/etc/localtime", "../passwd", "Europe/../x", "a b", "a\u{0}", "Zürich"])
    func `a name that could leave the database is refused`(name: String) {
        #expect(throws: TimeZoneError.self) { try TimeZones.rules(named: name) }
        #expect(databaseError(name, in: "/")?.code == .invalidName)
    }

    @Test func `an error says which zone is missing, or what to install`() {
        let folder = FileManager.default.temporaryDirectory.path()
        let unknown = databaseError("Mars/Olympus_Mons", in: folder)
        #expect(unknown?.code == .unknown)
        #expect(unknown?.message.contains("'Mars/Olympus_Mons'") == true)
        let missing = databaseError("Europe/Berlin", in: "/nowhere/zoneinfo")
        #expect(missing?.code == .noDatabase)
        #expect(missing?.message.contains("tzdata") == true)
        #expect(missing?.message.contains("'Europe/Berlin'") == true)
    }

    // MARK: Fixture

    static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"
    static let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3"
    static let paulo = "<-03>3<-02>,M10.3.0/0,M2.3.0/0"
    static let john = "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01"
    static let howe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"

    private static let wholeFile = ZoneFile(
        offsets: [600, 3_600, 7_200],
        changes: [(-2_000_000_000, 1), (500_000_000, 2), (1_900_000_000, 1)],
        footer: berlin
    )

    private func zone(_ footer: String) throws -> TimeZoneRules {
        let file = ZoneFile(offsets: [0], footer: footer)
        return try TimeZoneRules(name: "Test/Zone", tzif: file.bytes(version: 2))
    }

    private func code(_ bytes: [UInt8]) -> TimeZoneError.Code? {
        do {
            _ = try TimeZoneRules(name: "Test/Zone", tzif: bytes)
            return nil
        } catch { return error.code }
    }

    private func databaseError(_ name: String, in folder: String) -> TimeZoneError? {
        do {
            _ = try TimeZones.rules(named: name, in: folder)
            return nil
        } catch { return error }
    }
}

extension TimeZoneTests.Span {
    init(
        _ footer: String,
        _ period: CalendarPeriod,
        _ containing: String,
        _ start: String,
        _ end: String
    ) {
        self.init(
            footer: footer,
            period: period,
            containing: containing,
            start: start,
            end: end
        )
    }
}

/// The instant of `2026-03-29 01:00` in UTC.
private func at(_ text: String) -> Instant {
    let parts = text.split { !$0.isNumber }.compactMap { Int64($0) }
    let days = CivilDate(year: parts[0], month: parts[1], day: parts[2]).daysSince1970
    return Instant(microseconds: (days * 1_440 + parts[3] * 60 + parts[4]) * 60_000_000)
}
