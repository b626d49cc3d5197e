package import Values

/// The parts of timestamps and durations: `getHours()` and the like.
enum TimeParts {
    /// A timestamp in a zone.
    private struct Local {
        let date: CivilDate
        let days: Int64
        let secondOfDay: Int64
        let nanoseconds: Int64
    }

    private typealias DatePart = @Sendable (Local) -> Int64
    private typealias ClockPart = @Sendable (Int64, Int64, Bool) -> Int64

    private static let dateParts: [String: DatePart] = [
        "getFullYear": { $0.date.year },
        "getMonth": { $0.date.month - 1 },
        "getDate": { $0.date.day },
        "getDayOfMonth": { $0.date.day - 1 },
        "getDayOfWeek": { ($0.days + 4) - floorDivide($0.days + 4, 7) * 7 },
        "getDayOfYear": {
            $0.days - CivilDate(year: $0.date.year, month: 1, day: 1).daysSince1970
        },
    ]

    private static let clockParts: [String: ClockPart] = [
        "getHours": { seconds, _, _ in seconds / 3_600 },
        "getMinutes": { seconds, _, isDuration in isDuration ? seconds / 60 : seconds / 60 % 60 },
        "getSeconds": { seconds, _, isDuration in isDuration ? seconds : seconds % 60 },
        "getMilliseconds": { _, nanoseconds, _ in nanoseconds / 1_000_000 },
    ]

    /// The function of that name, which asks for the rules of a zone when it is given one.
    static func function(
        _ name: String,
        zones: @escaping ZoneLookup
    ) -> LibraryFunction? {
        if let part = dateParts[name] {
            return .reading { (arguments, frame) throws(EvaluationError) in
                .int(part(try local(name, arguments, zones, &frame)))
            }
        }
        guard let part = clockParts[name] else { return nil }
        return .reading { (arguments, frame) throws(EvaluationError) in
            if arguments.count == 1, case .duration(let span) = arguments[0] {
                return .int(part(span.seconds, Int64(span.nanoseconds), true))
            }
            let local = try local(name, arguments, zones, &frame)
            return .int(part(local.secondOfDay, local.nanoseconds, false))
        }
    }

    private static func local(
        _ name: String,
        _ arguments: [ExpressionValue],
        _ zones: ZoneLookup,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Local {
        guard case .timestamp(let moment)? = arguments.first, arguments.count <= 2 else {
            throw Library.noOverload(name, arguments)
        }
        var offset: Int64 = 0
        if arguments.count == 2 {
            let zone = try arguments.text(1, name)
            try frame.read(zone.utf8.count)
            offset = try self.offset(of: zone, at: moment, zones)
        }
        let seconds = moment.seconds + offset
        let days = floorDivide(seconds, 86_400)
        return Local(
            date: CivilDate(daysSince1970: days),
            days: days,
            secondOfDay: seconds - days * 86_400,
            nanoseconds: Int64(moment.nanoseconds)
        )
    }

    /// Whether the zone is known: a fixed offset, or a name that has rules.
    static func isZone(_ zone: String, _ zones: ZoneLookup) -> Bool {
        fixedOffset(zone) != nil || zones(zone) != nil
    }

    private static func fixedOffset(_ zone: String) -> Int64? {
        if ["UTC", "Z", "Etc/UTC", "GMT"].contains(zone) { return 0 }
        let signed = zone.hasPrefix("-") || zone.hasPrefix("+") ? zone : "+" + zone
        return zoneOffset(Array(signed.utf8)[...])
    }

    private static func offset(
        of zone: String,
        at moment: Timestamp,
        _ zones: ZoneLookup
    ) throws(EvaluationError) -> Int64 {
        if let offset = fixedOffset(zone) { return offset }
        guard let rules = zones(zone) else {
            throw EvaluationError(
                .invalidArgument,
                "the time zone is unknown; write one like 'Europe/Berlin' or '+02:00'"
            )
        }
        let instant = Instant(microseconds: moment.seconds * 1_000_000)
        return rules.offset(at: instant).components.seconds
    }
}

/// Gives the rules of a time zone by its IANA name; asked while planning and evaluating.
package typealias ZoneLookup = @Sendable (String) -> TimeZoneRules?
