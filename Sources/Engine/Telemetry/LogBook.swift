package import Values

/// How much a line matters.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, warn, error

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}

/// What the program tells its operators, a line a happening.
///
/// Telling never waits: a line that the writer has no room for is dropped and counted. A line holds
/// names, identifiers, codes and times; who writes one gives it no secret, input or output.
package final class LogBook: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        /// One object a line.
        case json
        /// For a person's eye.
        case text
        case off
    }

    package typealias Field = (name: String, value: JSON)

    package let format: Format
    private let level: LogLevel
    private let clock: @Sendable () -> Instant
    private let metrics: MetricRegistry
    private let write: @Sendable ([UInt8]) -> Bool

    /// `write` takes a whole line at once without waiting, or says that it has no room.
    package init(
        _ format: Format,
        level: LogLevel = .info,
        now: @escaping @Sendable () -> Instant,
        metrics: MetricRegistry,
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.format = format
        self.level = level
        clock = now
        self.metrics = metrics
        self.write = write
    }

    /// A book that nothing is written in.
    package static func closed(_ metrics: MetricRegistry) -> LogBook {
        LogBook(.off, now: { Instant(microseconds: 0) }, metrics: metrics) { _ in true }
    }

    /// Whether lines of that level are written.
    package func takes(_ level: LogLevel) -> Bool { format != .off && level >= self.level }

    /// Writes a line; fields without a value are left out.
    ///
    /// The event and the names of fields are
    /// words of the program's own, written as they are.
    package func note(_ level: LogLevel, _ event: String, _ fields: [(String, JSON?)] = []) {
        guard takes(level) else { return }
        let line = line(level, event, fields.compactMap { name, value in value.map { (name, $0) } })
        if !write(line) { metrics.add(.logLinesDropped) }
    }

    /// The line that says how many were dropped before it, for the writer.
    package func droppedLine(_ count: Int) -> [UInt8] {
        line(.warn, "log_dropped", [("lines", .int(Int64(count)))])
    }

    private func line(_ level: LogLevel, _ event: String, _ fields: [Field]) -> [UInt8] {
        let time = clock().rfc3339
        var bytes: [UInt8] = []
        switch format {
        case .off: return []
        case .json:
            bytes.reserveCapacity(512)
            bytes += #"{"time":"\#(time)","level":"\#(level.rawValue)","event":"\#(event)""#.utf8
            for field in fields {
                bytes += #","\#(field.name)":"#.utf8
                Self.bounded(field.value).appendCompact(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .text:
            bytes += "\(time) \(level.rawValue) \(event)".utf8
            for field in fields {
                bytes += " \(field.name)=".utf8
                let value = Self.bounded(field.value)
                if let text = value.string, Self.isPlain(text) {
                    bytes += text.utf8
                } else {
                    value.appendCompact(to: &bytes)
                }
            }
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func bounded(_ value: JSON) -> JSON {
        guard let text = value.string, text.utf8.count > Limits.fieldCharacters else {
            return value
        }
        return .string(String(text.prefix(Limits.fieldCharacters)) + "…")
    }

    /// Whether a text needs no quotes: so that no value can look like another field or line.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte > 32 && byte < 127 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
            }
    }
}
