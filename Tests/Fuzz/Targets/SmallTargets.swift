import Expressions
@testable import Gateway
import Values

/// Comma-separated values: records stand in their order inside the text, and written again with
/// every cell quoted they read back.
@Sendable
func fuzzTables(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let records: [CSV.Record]
    do {
        records = try CSV.records(text)
    } catch {
        hold(error.offset <= text.utf8.count, "the failure stands behind the text")
        return hold(!error.message.isEmpty, "the failure says nothing")
    }
    var end = 0
    for record in records {
        hold(record.range.lowerBound >= end, "records overlap")
        end = record.range.upperBound
        hold(!record.cells.isEmpty, "a record has no cells")
    }
    hold(end <= text.utf8.count, "a record stands behind the text")
    let written = records.map { record in
        record.cells.map { cell in
            // By scalars: a quote that a mark joins is one, too.
            let doubled = cell.unicodeScalars.flatMap { $0 == "\"" ? [$0, $0] : [$0] }
            return "\"" + String(String.UnicodeScalarView(doubled)) + "\""
        }.joined(separator: ",")
    }.joined(separator: "\n")
    do {
        let again = try CSV.records(written)
        hold(
            again.map { $0.cells.map { Array($0.utf8) } }
                == records.map { $0.cells.map { Array($0.utf8) } },
            "written again it reads otherwise"
        )
    } catch {
        broken("written again it is refused: \(error.message)")
    }
}

/// Lines of a batch: cut the same however the bytes come in, and never more held than the limit.
@Sendable
func fuzzLines(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let limit = Int(first >> 4) + 1
    let size = Int(first & 15) + 1
    let text = Array(bytes.dropFirst())
    var whole = LineScanner(limit: limit)
    whole.add(text)
    whole.end()
    var expected: [LineScanner.Line] = []
    while let line = whole.next() { expected.append(line) }
    var found: [LineScanner.Line] = []
    var piecewise = LineScanner(limit: limit)
    for start in stride(from: 0, to: text.count, by: size) {
        piecewise.add(text[start..<min(text.count, start + size)])
        while let line = piecewise.next() { found.append(line) }
        hold(piecewise.held <= limit + 1, "\(piecewise.held) bytes are held of a line")
    }
    piecewise.end()
    while let line = piecewise.next() { found.append(line) }
    hold(found == expected, "the lines depend on how they came")
    for line in found {
        hold((line.bytes?.count ?? 0) <= limit, "a line is longer than the limit")
        hold(!(line.bytes ?? []).contains(0x0A), "a line holds a line's end")
    }
    let numbers = found.map(\.number)
    hold(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "lines are counted twice")
}

/// A TZif file: any instant has an offset, and is inside each of its periods.
@Sendable
func fuzzZones(_ bytes: [UInt8]) {
    guard let zone = try? TimeZoneRules(name: "z", tzif: bytes) else { return }
    for microseconds: Int64 in [
        0, .min, .max, -2_208_988_800_000_000, 1_800_000_000_000_001, 1_774_746_000_000_000,
        1_793_000_000_000_000, 32_503_680_000_000_000,
    ] {
        let instant = Instant(microseconds: microseconds)
        hold(abs(zone.offset(at: instant).components.seconds) <= 26 * 3_600, "an offset is too far")
        for period in CalendarPeriod.allCases {
            let start = zone.start(of: period, containing: instant)
            let end = zone.end(of: period, containing: instant)
            hold(start <= instant && instant <= end, "\(instant) is not in its \(period)")
            hold(
                zone.start(of: period, containing: start) == start,
                "the start of a \(period) is not in it"
            )
        }
    }
}

/// Short texts: what can be read is written so that it reads back.
@Sendable
func fuzzTexts(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let instant = Instant(rfc3339: text) {
        hold(Instant(rfc3339: instant.rfc3339) == instant, "an instant reads back as another")
    }
    if let identifier = Identifier(text) {
        hold(Identifier(identifier.description) == identifier, "an id reads back as another")
    }
    if let pointer = try? JSONPointer(text) {
        hold((try? JSONPointer(pointer.description)) == pointer, "a pointer reads back as another")
        _ = (["a": [1, ["b": 2]], "": 3] as JSON)[pointer]
    }
    if let timestamp = Timestamp(text) {
        hold(Timestamp(timestamp.text) == timestamp, "a timestamp reads back as another")
    }
    if let span = Span(text) { hold(Span(span.text) == span, "a span reads back as another") }
}
