import Testing

@testable import Commands

/// What the program says of how it is called.
struct HelpTests {
    private let parser = CommandLineParser(commands: Commands.all)

    private func group(_ words: String...) throws -> CommandGroup? {
        guard case .groupHelp(let group) = try parser.parse(words) else { return nil }
        return group
    }

    private func command(_ words: String...) throws -> String? {
        guard case .help(let command) = try parser.parse(words) else { return nil }
        return command.name
    }

    @Test(arguments: ["run", "flow", "dead-letter", "review", "token", "decisions"])
    func `the help of a group says in a line what each does, with an example of it`(
        _ name: String
    ) throws {
        let found = try #require(try group(name, "--help"))
        let lines = found.help.split(separator: "\n").map(String.init)
        let members = Commands.all.filter { $0.name.hasPrefix(name + " ") }
        #expect(members.count > 0)
        for member in members {
            let word = member.name.dropFirst(name.count + 1)
            #expect(
                lines.contains { $0.hasPrefix("  \(word)") && $0.hasSuffix(member.summary) },
                "\(member.name)"
            )
            #expect(lines.contains("  \(member.examples[0])"), "\(member.name)")
        }
    }

    @Test func `a group's help is found by each way of asking, and a command's own still is`()
        throws
    {
        #expect(try group("help", "run")?.name == "run")
        #expect(try group("run", "help")?.name == "run")
        #expect(try group("run", "--help")?.words.contains("watch") == true)
        #expect(try command("help", "run", "start") == "run start")
        #expect(try command("run", "start", "--help") == "run start")
        #expect(try command("help", "stuck") == "stuck")
        #expect(try command("doctor", "--help") == "doctor")
    }

    @Test func `a group that is called without a word says which there are, and where to look`() {
        func told(_ words: String...) -> String? {
            do {
                _ = try parser.parse(words)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(told("run")?.contains("start, list, show, watch, pause") == true)
        #expect(told("run")?.contains("'stepgate run --help' says what each does") == true)
        #expect(told("run", "strat")?.contains("did you mean 'start'?") == true)
        #expect(told("help", "rnu") != nil)
    }

    @Test func `every command has an example that its own parser takes`() throws {
        for command in Commands.all {
            let options = command.options + CommandSpecification.common
            #expect(!command.summary.isEmpty && !command.examples.isEmpty, "\(command.name)")
            for example in command.examples {
                #expect(example.contains("stepgate \(command.name)"), "\(example)")
                for word in example.split(separator: " ") where word.hasPrefix("--") {
                    let name = word.split(separator: "=")[0]
                    #expect(options.contains { $0.name == name }, "\(example)")
                }
            }
        }
    }
}
