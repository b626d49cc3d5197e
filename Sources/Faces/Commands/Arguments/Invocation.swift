/// One call of a command: its arguments and options, each known to be allowed.
struct Invocation: Sendable {
    let arguments: [String]
    private let values: [String: [String]]
    private let switches: Set<String>

    init(arguments: [String], values: [String: [String]], switches: Set<String>) {
        self.arguments = arguments
        self.values = values
        self.switches = switches
    }

    /// The value of an option, if it was given; the last where it was given more than once.
    subscript(option: String) -> String? { values[option]?.last }

    /// All values of an option that may be given more than once, in their order.
    func all(_ option: String) -> [String] { values[option] ?? [] }

    func has(_ option: String) -> Bool { switches.contains(option) }

    var wantsJSON: Bool { has("--json") }

    /// The whole number an option was given, within a range, or its default.
    func number(
        _ option: String,
        in range: ClosedRange<Int>,
        default standard: Int
    ) throws(CommandFailure) -> Int {
        guard let text = self[option] else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw .usage(
                "\(option) takes a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound); got '\(text)'"
            )
        }
        return number
    }
}

/// Why a command ends early: what to print for a person, and the exit code.
struct CommandFailure: Error, Sendable, Equatable {
    let code: ExitCode
    /// Whole sentences; what to do next where that is known.
    let message: String

    static func usage(_ message: String) -> CommandFailure {
        CommandFailure(code: .usage, message: message)
    }

    static func refused(_ message: String) -> CommandFailure {
        CommandFailure(code: .refused, message: message)
    }

    static func unavailable(_ message: String) -> CommandFailure {
        CommandFailure(code: .unavailable, message: message)
    }
}
