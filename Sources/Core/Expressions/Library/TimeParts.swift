internal import Values

/// The parts of timestamps and durations: `getHours()` and the like.
enum TimeParts {
    static let methods: [String: Library.Function] = {
        var all: [String: Library.Function] = [:]
        for (name, part) in dateParts { all[name] = date(name, part) }
        for (name, part) in clockParts { all[name] = clock(name, part) }
        return all
    }()

    /// A timestamp in a zone.
    private struct Local {
        let date: CivilDate
        let days: Int64
        let secondOfDay: Int64
        let nanoseconds: Int64
    }

    private static let dateParts: [(String, @Sendable (Local) -> Int64)] = [
        ("getFullYear", { $0.date.year }),
        ("getMonth", { $0.date.month - 1 }),
        ("getDate", { $0.date.day }),
        ("getDayOfMonth", { $0.date.day - 1 }),
        ("getDayOfWeek", { ($0.days + 4) - floorDivide($0.days + 4, 7) * 7 }),
        (
            "getDayOfYear",
            { $0.days - CivilDate(year: $0.date.year, month: 1, day: 1).daysSince1970 }
        ),
    ]

    private static let clockParts: [(String, @Sendable (Int64, Int64, Bool) -> Int64)] = [
        ("getHours", { seconds, _, isDuration in isDuration ? seconds / 3_600 : seconds / 3_600 }),
        ("getMinutes", { seconds, _, isDuration in isDuration ? seconds / 60 : seconds / 60 % 60 }),
        ("getSeconds", { seconds, _, isDuration in isDuration ? seconds : seconds % 60 }),
        ("getMilliseconds", { _, nanoseconds, _ in nanoseconds / 1_000_000 }),
    ]

    private static func date(
        _ name: String,
        _ part: @escaping @Sendable (Local) -> Int64
    ) -> Library.Function {
        { (arguments) throws(EvaluationError) in .int(part(try local(name, arguments))) }
    }

    private static func clock(
        _ name: String,
        _ part: @escaping @Sendable (Int64, Int64, Bool) -> Int64
    ) -> Library.Function {
        { (arguments) throws(EvaluationError) in
            if arguments.count == 1, case .duration(let span) = arguments[0] {
                return .int(part(span.seconds, Int64(span.nanoseconds), true))
            }
            let local = try local(name, arguments)
            return .int(part(local.secondOfDay, local.nanoseconds, false))
        }
    }

    private static func local(
        _ name: String,
        _ arguments: [ExpressionValue]
    ) throws(EvaluationError) -> Local {
        guard case .timestamp(let moment)? = arguments.first, arguments.count <= 2 else {
            throw Library.noOverload(name, arguments)
        }
        var offset: Int64 = 0
        if arguments.count == 2 {
            guard case .string(let zone) = arguments[1] else {
                throw Library.noOverload(name, arguments)
            }
            offset = try zoneOffset(zone)
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

    /// `UTC` and fixed offsets; other zones come to Core as values, with the flows that need them.
    private static func zoneOffset(_ zone: String) throws(EvaluationError) -> Int64 {
        if ["UTC", "Z", "Etc/UTC", "GMT"].contains(zone) { return 0 }
        let signed = zone.hasPrefix("-") || zone.hasPrefix("+") ? zone : "+" + zone
        guard let offset = Expressions.zoneOffset(Array(signed.utf8)[...]) else {
            throw EvaluationError(.invalidArgument, "the time zone is unknown; write '+02:00'")
        }
        return offset
    }
}
