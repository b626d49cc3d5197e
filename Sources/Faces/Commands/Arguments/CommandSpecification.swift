/// An option of a command, as its help shows it.
struct OptionSpecification: Sendable {
    /// With its dashes: `--input`.
    let name: String
    /// What stands for its value in the help; nothing for a switch.
    let value: String?
    let help: String

    init(_ name: String, _ value: String? = nil, _ help: String) {
        self.name = name
        self.value = value
        self.help = help
    }
}

/// One command of the program: how it is called, what it does, and examples that work.
struct CommandSpecification: Sendable {
    /// One word, or two for a command of a group: `review list`.
    let name: String
    let summary: String
    /// What stands for each argument in the help; in brackets when it may be left out.
    let arguments: [String]
    let options: [OptionSpecification]
    let examples: [String]
    let run: @Sendable (Invocation) async throws -> ExitCode

    init(
        _ name: String,
        _ summary: String,
        arguments: [String] = [],
        options: [OptionSpecification] = [],
        examples: [String],
        run: @escaping @Sendable (Invocation) async throws -> ExitCode
    ) {
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.run = run
    }

    var requiredArguments: Int { arguments.count { !$0.hasPrefix("[") } }

    /// Options every command takes.
    static let common = [
        OptionSpecification("--workspace", "DIR", "the workspace (default: this folder)"),
        OptionSpecification(
            "--store",
            "FILE",
            "the store (default: .stepgate/store.db in the workspace)"
        ),
        OptionSpecification("--json", nil, "print JSON for programs"),
        OptionSpecification("--help", nil, "print this"),
    ]
}

/// What the process tells its caller when it ends.
enum ExitCode: Int32, Sendable {
    case success = 0
    /// A file of the workspace is wrong, an act was refused, or a log does not verify.
    case refused = 1
    /// The command was called wrongly.
    case usage = 2
    /// The work is done but for input that could not be read, or that does not fit.
    case badLines = 3
    /// The store, a file or the network did not let us; trying again may help.
    case unavailable = 4
}
