internal import Access
internal import Decisions
internal import Engine
internal import Platform
internal import Runs
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Values

/// The metrics and the log of a server, and the thread that writes the log to standard error.
struct Observation: Sendable {
    let instruments: Instruments
    private let writer: LineWriter
    private let trouble = Trouble()

    static let options = [
        OptionSpecification(
            "--log",
            "FORMAT",
            "json, text or off, to standard error (default: json, text on a terminal)"
        ),
        OptionSpecification("--log-level", "LEVEL", "debug, info, warn or error (default: info)"),
    ]

    init(_ call: Invocation) throws(CommandFailure) {
        let usual: LogBook.Format = Process.isTerminal(.error) ? .text : .json
        let format = try Self.word(call, "--log", default: usual)
        let level = try Self.word(call, "--log-level", default: LogLevel.info)
        let clock = SystemClock()
        let metrics = MetricRegistry()
        let now: @Sendable () -> Instant = { clock.now }
        let told = LogBook(format, now: now, metrics: metrics) { _ in true }
        let writer = LineWriter(
            limit: Limits.waitingLogBytes,
            droppedLine: { told.droppedLine($0) },
            write: { Process.write($0, to: .error) }
        )
        self.writer = writer
        instruments = Instruments(
            metrics: metrics,
            log: LogBook(format, level: level, now: now, metrics: metrics, write: writer.offer),
            uptime: { clock.uptime },
            version: Commands.version,
            process: {
                guard let memory = Process.residentBytes, let files = Process.openFiles else {
                    return nil
                }
                return ProcessFigures(residentBytes: memory, openFiles: files)
            }
        )
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ call: Invocation,
        _ option: String,
        default usual: Word
    ) throws(CommandFailure) -> Word {
        guard let text = call[option] else { return usual }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("\(option) is one of \(words); got '\(text)'")
        }
        return word
    }

    /// Tells a person at the terminal, or the log where one is written.
    func tell(_ level: LogLevel, _ event: String, _ sentence: String) {
        if instruments.log.format == .off {
            Terminal.standard.note(sentence)
        } else {
            instruments.log.note(level, event, [("message", .string(sentence))])
        }
    }

    /// Tells what is wrong with a folder: to people with the place underlined, to programs a line
    /// of the log each.
    func tell(_ diagnostics: Diagnostics) {
        guard instruments.log.format == .json else {
            return Terminal.standard.note(diagnostics.rendered)
        }
        for found in diagnostics.list {
            var fields: [LogBook.Field] = [
                ("file", .string(found.file)), ("line", .int(Int64(found.position.line))),
                ("column", .int(Int64(found.position.column))),
                ("message", .string(found.message)),
            ]
            if let fix = found.fix { fields.append(("fix", .string(fix))) }
            let level: LogLevel = found.severity == .error ? .error : .warn
            instruments.log.note(level, "diagnostic", fields)
        }
    }

    /// Tells of a run that could not be gone on with just now; it is tried again by itself.
    ///
    /// While the store is away that is every run, so only a few are told.
    func tell(_ run: Identifier, _ error: EngineError) {
        guard let untold = trouble.take(at: SystemClock().now) else { return }
        instruments.log.note(
            .warn,
            "run_delayed",
            [
                ("run", .string(run.description)), ("code", .string(error.code.rawValue)),
                ("message", .string(error.message)),
                ("untold", untold > 0 ? .int(Int64(untold)) : nil),
            ]
        )
    }

    /// Tells what retention did.
    func tell(_ report: RunRetention.Report) {
        switch report {
        case .forgot(let count, let state, let endedBefore):
            instruments.log.note(
                .info,
                "runs_forgotten",
                [
                    ("runs", .int(Int64(count))), ("state", .string(state.rawValue)),
                    ("ended_before", .string(endedBefore.rfc3339)),
                ]
            )
        case .failed(let error, let count, let state):
            instruments.log.note(
                .warn,
                "runs_not_forgotten",
                [
                    ("state", .string(state.rawValue)), ("runs", .int(Int64(count))),
                    ("code", .string(error.code.rawValue)), ("message", .string(error.message)),
                ]
            )
        }
    }

    /// Tells what became of a promotion.
    func tell(_ followed: Followed) {
        switch followed {
        case .unchanged: break
        case .live(let promotion):
            tell(
                .info,
                "release_live",
                "release \(promotion.release.hex) is live (\(promotion.act.rawValue) by "
                    + "\(promotion.person))"
            )
        case .refused(let promotion, let error):
            tell(
                .error,
                "release_refused",
                "release \(promotion.release.hex) cannot go live here, so the one before it keeps "
                    + "serving: \(error.message)"
            )
        }
    }

    /// Writes what waits, unless nobody reads it.
    func finish() async { await writer.finish(within: Limits.logEnd) }
}

/// Which of many like happenings are told: a few, and how many were not.
private final class Trouble: Sendable {
    private struct State {
        var told: RateMachine
        var untold = 0
    }

    private let state: Mutex<State?>

    init() {
        let rate = Rate(Limits.troubleTold, per: .second)
        state = Mutex(rate.map { State(told: RateMachine($0)) })
    }

    /// How many were not told since the last that was; nothing when this one is not to be.
    func take(at now: Instant) -> Int? {
        state.withLock { state in
            guard case .taken? = state?.told.take(at: now) else {
                state?.untold += 1
                return nil
            }
            defer { state?.untold = 0 }
            return state?.untold
        }
    }
}
