/// How local time differs from UTC in one zone, at every instant.
///
/// A zone is its changes so far, as its TZif file lists them, and the rule that repeats every year
/// after the last of them. Reading the file is an adapter's work: these rules are made from its
/// bytes and know nothing of the machine they are on. Two instants in the same zone therefore
/// always fall into the same periods, wherever that is asked.
package struct TimeZoneRules: Sendable, Equatable {
    /// From an instant on, an offset holds.
    struct Change: Sendable, Equatable {
        let second: Int64
        let offset: Int64
    }

    /// Seconds since 1970 during which an offset holds; those beside them may have the same.
    struct Stretch: Equatable {
        let start: Int64
        let end: Int64
        let offset: Int64
    }

    /// The name that its file has in the database: `Europe/Berlin`.
    package let name: String
    /// Earlier ones first.
    private let changes: [Change]
    /// Holds before the first change.
    private let firstOffset: Int64
    /// Holds from the last change on; without one, what the last change says stays.
    private let yearly: YearlyRule?

    /// The rules of a TZif file (RFC 9636), versions 1 to 4.
    ///
    /// Throws for bytes that are not sound, for offsets of more than 26 hours and for files that
    /// count leap seconds.
    package init(name: String, tzif bytes: [UInt8]) throws(TimeZoneError) {
        var reader = TZifReader(bytes, zone: name)
        let content = try reader.read()
        self.init(
            name: name,
            changes: content.changes,
            firstOffset: content.firstOffset,
            yearly: content.yearly
        )
    }

    private init(name: String, changes: [Change], firstOffset: Int64, yearly: YearlyRule?) {
        self.name = name
        self.changes = changes
        self.firstOffset = firstOffset
        self.yearly = yearly
    }

    /// Coordinated Universal Time; needs no file.
    package static let utc = TimeZoneRules(name: "UTC", changes: [], firstOffset: 0, yearly: nil)

    /// How far local time is ahead of UTC then: whole seconds, positive to the east.
    package func offset(at instant: Instant) -> Duration {
        .seconds(stretch(at: instant.wholeSeconds).offset)
    }

    /// The stretch that a second since 1970 is in.
    func stretch(at second: Int64) -> Stretch {
        let next = firstChange(after: second)
        let last = next == 0 ? nil : changes[next - 1]
        let start = last?.second ?? .min
        if next == changes.count, let yearly {
            let stretch = yearly.stretch(at: second)
            return Stretch(
                start: max(start, stretch.start),
                end: stretch.end,
                offset: stretch.offset
            )
        }
        return Stretch(
            start: start,
            end: next == changes.count ? .max : changes[next].second,
            offset: last?.offset ?? firstOffset
        )
    }

    /// The place of the first change after a second, by halves.
    private func firstChange(after second: Int64) -> Int {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].second <= second { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Instant {
    /// Whole seconds since 1970, rounded down.
    var wholeSeconds: Int64 { floorDivide(microseconds, 1_000_000) }
}
