internal import Values

/// Finds the command that was called and reads its arguments.
struct CommandLineParser: Sendable {
    let commands: [CommandSpecification]

    enum Call: Sendable {
        case run(CommandSpecification, Invocation)
        case help(CommandSpecification)
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
        if first == "help" { return .help(try command(Array(words.dropFirst())).command) }
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
        let group = commands.filter { $0.name.hasPrefix(words[0] + " ") }
        if !group.isEmpty {
            let members = group.map { String($0.name.dropFirst(words[0].count + 1)) }
            let asked = words.count > 1 ? words[1] : ""
            let hint = nearest(asked, in: members).map { "; did you mean '\($0)'?" } ?? ""
            throw .usage(
                "'\(words[0])' takes one of: \(members.joined(separator: ", "))\(hint)"
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
