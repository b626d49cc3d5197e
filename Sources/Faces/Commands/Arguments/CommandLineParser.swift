internal import Values

/// Finds the command that was called and reads its arguments.
struct CommandLineParser: Sendable {
    let commands: [CommandSpecification]

    enum Call: Sendable {
        case run(CommandSpecification, Invocation)
        case help(CommandSpecification)
        /// Of all commands that begin with one word.
        case groupHelp(CommandGroup)
        case overview
        case version
    }

    /// Options may stand before or after the command; `--` ends them, and `--name=value` is
    /// `--name value`.
    func parse(_ words: [String]) throws(CommandFailure) -> Call {
        var words = words
        var leading: [String] = []
        while let word = words.first, word.hasPrefix("--") {
            if word == "--version" { return .version }
            if word == "--help" { return .overview }
            leading.append(words.removeFirst())
            if takesValue(word), !word.contains("="), !words.isEmpty {
                leading.append(words.removeFirst())
            }
        }
        guard let first = words.first, first != "help" || words.count > 1 else { return .overview }
        let asked = first == "help" ? Array(words.dropFirst()) : words
        let isHelp = first == "help" || ["--help", "help"].contains(words.dropFirst().first)
        if isHelp, let group = CommandGroup(asked[0], of: commands),
            asked.count == 1 || first != "help"
        {
            return .groupHelp(group)
        }
        if first == "help" { return .help(try command(asked).command) }
        let found = try command(words)
        return try read(leading + words.dropFirst(found.length), for: found.command)
    }

    private func takesValue(_ option: String) -> Bool {
        CommandSpecification.common.contains { $0.name == option && $0.value != nil }
    }

    private func command(
        _ words: [String]
    ) throws(CommandFailure) -> (command: CommandSpecification, length: Int) {
        for length in [2, 1] where words.count >= length {
            let name = words[..<length].joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) { return (command, length) }
        }
        if let group = CommandGroup(words[0], of: commands) {
            let asked = words.count > 1 ? words[1] : ""
            let near = nearest(asked, in: group.words).map { "; did you mean '\($0)'?" }
            throw .usage(
                "'\(group.name)' takes one of: \(group.words.joined(separator: ", "))"
                    + (near ?? "; 'stepgate \(group.name) --help' says what each does")
            )
        }
        let hint = nearest(words[0], in: commands.map(\.name)).map { "; did you mean '\($0)'?" }
        throw .usage(
            "there is no command '\(words[0])'\(hint ?? "; 'stepgate --help' lists them")"
        )
    }

    private func read(
        _ words: [String],
        for command: CommandSpecification
    ) throws(CommandFailure) -> Call {
        let options = command.options + CommandSpecification.common
        var arguments: [String] = []
        var values: [String: [String]] = [:]
        var switches: Set<String> = []
        var index = 0
        var optionsEnded = false
        while index < words.count {
            let word = words[index]
            index += 1
            if optionsEnded || !word.hasPrefix("--") {
                arguments.append(word)
                continue
            }
            if word == "--" {
                optionsEnded = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                let hint = nearest(name, in: options.map(\.name)).map { "; did you mean \($0)?" }
                throw .usage(
                    "'stepgate \(command.name)' takes no option \(name)\(hint ?? "")"
                )
            }
            if name == "--help" { return .help(command) }
            guard let placeholder = option.value else {
                switches.insert(name)
                continue
            }
            if parts.count == 2 {
                values[name, default: []].append(String(parts[1]))
            } else if index < words.count {
                values[name, default: []].append(words[index])
                index += 1
            } else {
                throw .usage("\(name) needs a value: \(name) \(placeholder)")
            }
        }
        try check(arguments.count, for: command)
        return .run(
            command,
            Invocation(arguments: arguments, values: values, switches: switches)
        )
    }

    private func check(
        _ count: Int,
        for command: CommandSpecification
    ) throws(CommandFailure) {
        if count < command.requiredArguments {
            throw .usage(
                "'stepgate \(command.name)' needs \(command.arguments[count]): "
                    + "\(command.usage)\nfor example: \(command.examples[0])"
            )
        }
        if count > command.arguments.count {
            throw .usage("'stepgate \(command.name)' got too many arguments: \(command.usage)")
        }
    }
}

extension CommandSpecification {
    /// `stepgate NAME ARGUMENTS [options]`.
    var usage: String {
        (["stepgate", name] + arguments + ["[options]"]).joined(separator: " ")
    }

    /// The whole help page of the command.
    var help: String {
        var lines = [summary, "", "usage: \(usage)", "", "options:"]
        let all = options + Self.common
        let heads = all.map { [$0.name, $0.value].compactMap { $0 }.joined(separator: " ") }
        let width = heads.map(\.count).max() ?? 0
        for (head, option) in zip(heads, all) {
            let pad = String(repeating: " ", count: width - head.count)
            lines.append("  \(head)\(pad)  \(option.help)")
        }
        lines += ["", "examples:"] + examples.map { "  \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The commands that begin with one word: `run start`, `run list` and so on.
struct CommandGroup: Sendable {
    let name: String
    let commands: [CommandSpecification]

    /// Nothing when none of the commands begins so, or one is named so alone.
    init?(_ name: String, of commands: [CommandSpecification]) {
        let own = commands.filter { $0.name.hasPrefix(name + " ") }
        if own.isEmpty || commands.contains(where: { $0.name == name }) { return nil }
        self.name = name
        self.commands = own
    }

    /// What distinguishes each.
    var words: [String] { commands.map { String($0.name.dropFirst(name.count + 1)) } }

    /// What each does in one line, and an example of each.
    var help: String {
        let heads = zip(words, commands).map {
            ([$0] + $1.arguments).joined(separator: " ")
        }
        let width = heads.map(\.count).max() ?? 0
        var lines = ["usage: stepgate \(name) COMMAND [options]", ""]
        for (head, command) in zip(heads, commands) {
            let pad = String(repeating: " ", count: width - head.count)
            lines.append("  \(head)\(pad)  \(command.summary)")
        }
        lines += ["", "examples:"] + commands.map { "  \($0.examples[0])" }
        lines += ["", "'stepgate \(name) COMMAND --help' tells more of one."]
        return lines.joined(separator: "\n") + "\n"
    }
}
