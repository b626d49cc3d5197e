internal import Engine
internal import Gateway
internal import HTTPMicro
internal import Platform
internal import Storage
internal import Values

/// The command line: reads arguments, wires the adapters to the ports, and prints.
package enum Commands {
    /// The program's version, as `--version` prints it.
    static let version = Gateway.version

    static let all: [CommandSpecification] =
        [
            InitCommand.specification, CheckCommand.specification, TestCommand.specification,
            EvalCommand.specification, DecideCommand.specification,
        ] + DecisionsCommand.specifications + ReviewCommand.specifications
        + ModelsCommand.specifications + FlowCommand.specifications
        + RunCommand.specifications + RunActs.specifications + StuckCommand.specifications
        + DeadLetterCommand.specifications
        + TokenCommand.specifications
        + ReleaseCommand.specifications + CallbacksCommand.specifications + [
            ServeCommand.specification, APICommand.specification, LogCommand.specification,
            DoctorCommand.specification, ForgetCommand.specification,
            PracticeCommand.specification,
        ]

    /// Runs one invocation and returns its exit code.
    package static func run(_ arguments: [String]) async -> Int32 {
        do {
            switch try CommandLineParser(commands: all).parse(arguments) {
            case .version: Terminal.standard.print("stepgate \(version)")
            case .overview: Terminal.standard.print(overview)
            case .help(let command): Terminal.standard.print(command.help)
            case .groupHelp(let group): Terminal.standard.print(group.help)
            case .run(let command, let call): return try await command.run(call).rawValue
            }
            return ExitCode.success.rawValue
        } catch {
            let failure = CommandFailure(error)
            Terminal.standard.note("stepgate: \(failure.message)")
            return failure.code.rawValue
        }
    }

    private static var overview: String {
        var lines = [
            "Stepgate decides, for each step, who decides it: a rule, a model that is sure enough, "
                + "or a person.",
            "", "usage: stepgate COMMAND [options]", "",
        ]
        let width = all.map(\.name.count).max() ?? 0
        for command in all {
            let pad = String(repeating: " ", count: width - command.name.count)
            lines.append("  \(command.name)\(pad)  \(command.summary)")
        }
        lines += [
            "", "'stepgate help COMMAND' tells more of one, 'stepgate help run' of all of runs.",
            "",
            "exit codes: 0 done, 1 refused or wrong, 2 called wrongly, 3 done but for bad input, "
                + "4 store, file or network unavailable",
        ]
        return lines.joined(separator: "\n")
    }
}

extension CommandFailure {
    /// What a person is told of an error, and the exit code that says its kind.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as Diagnostics: self = .refused(error.rendered)
        case let error as EngineError:
            self = error.code == .store ? .unavailable(error.message) : .refused(error.message)
        case let error as StoreError: self = .unavailable(error.message)
        case let error as FileError: self = .unavailable(error.message)
        case let error as HTTPServerError: self = .unavailable(error.message)
        default: self = .unavailable("\(error)")
        }
    }
}
