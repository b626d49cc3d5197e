import Foundation
import Testing

/// Laws of style that a machine can hold.
struct StyleTests {
    /// Walls raised for one file, each with its reason.
    static let longFiles = [
        "Sources/Core/Expressions/Checking/Checker.swift": "one switch over all forms"
    ]
    static let longFunctions = [
        "Sources/Core/Expressions/Checking/Checker.swift": "a switch over all forms",
        "Sources/Core/Autonomy/Judge.swift": "the table of one level after the other",
        "Sources/Core/Expressions/Planning/Planner.swift": "a switch over all forms",
        "Sources/Core/Prompts/TemplateParser.swift": "one tag with all its marks",
        "Sources/Core/Values/CSV.swift": "one loop over bytes",
    ]

    @Test func `no file is longer than 400 lines without a reason`() {
        let found = (Tree.sources + Tree.tests).filter {
            $0.lines.count > 400 && Self.longFiles[$0.path] == nil
        }
        #expect(found.isEmpty, "\(found.map { "\($0.path): \($0.lines.count) lines; split it" })")
    }

    @Test func `no function is longer than 60 lines without a reason`() {
        var found: [String] = []
        for file in Tree.sources where Self.longFunctions[file.path] == nil {
            for (start, length, name) in Self.functions(file) where length > 60 {
                found.append(finding(file, start, "\(name) has \(length) lines", "split it"))
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    /// Functions by the indentation of their braces, which the formatter holds.
    static func functions(_ file: Tree.File) -> [(Int, Int, String)] {
        var found: [(Int, Int, String)] = []
        let code = file.code
        for (index, line) in code.enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "(" })
            guard let at = words.firstIndex(of: "func"), at + 1 < words.count else { continue }
            let indent = line.prefix { $0 == " " }
            // What a protocol asks for has no body.
            let head = code[index...].prefix(14).firstIndex { $0.contains("{") }
            let next = code[(index + 1)...].firstIndex {
                $0.contains("func ") || $0.allSatisfy { $0 == " " }
            }
            guard let head, head < next ?? .max else { continue }
            let end = code[index...].firstIndex {
                $0.hasPrefix(indent + "}") && $0.prefix { $0 == " " } == indent
            }
            guard let end else { continue }
            found.append((index, end - index + 1, String(words[at + 1])))
        }
        return found
    }

    struct Ban: CustomTestStringConvertible, Sendable {
        let text: String
        let reason: String
        let remedy: String
        var allowed: [String] = []
        var folders = ["Sources"]
        var testDescription: String { text }
    }

    static let bans = [
        Ban(text: "Date()", reason: "time is an argument", remedy: "take `now`"),
        Ban(
            text: ".now",
            reason: "time is an argument",
            remedy: "take `now`",
            allowed: [
                "Sources/Faces/Commands/", "Sources/Faces/Gateway/Gateway.swift",
                "Sources/Engine/Models/Model",
                "Sources/Engine/Engine/", "Sources/Core/Expressions/",
                "Sources/Adapters/HTTPCurl/CurlLoop.swift",
                // Only how long a stop waits at most.
                "Sources/Adapters/Platform/LineWriter.swift",
            ]
        ),
        Ban(text: ".random(", reason: "chance is an argument", remedy: "take `Chance`"),
        Ban(
            text: " print(",
            reason: "one file prints",
            remedy: "use `Terminal`",
            allowed: ["Sources/Faces/Commands/"]
        ),
        Ban(text: "fatalError", reason: "it says nothing", remedy: "use `preconditionFailure`"),
        Ban(text: "try!", reason: "it hides a crash", remedy: "throw"),
        Ban(
            text: " try? ",
            reason: "it drops the reason",
            remedy: "catch it",
            allowed: [
                // A text that cannot be read is no value there, and the caller says so.
                "Sources/Core/Decisions/",
                "Sources/Core/Runs/StoredForm.swift",
                "Sources/Core/Prompts/OperandReader.swift",
                "Sources/Core/Expressions/Types/ExpressionType.swift",
                "Sources/Adapters/StorageSQLite/Rows",
                "Sources/Engine/Engine/ReviewDesk.swift",
                "Sources/Faces/Commands/Input/CSVHeader.swift",
                "Sources/Faces/Commands/Acts/PracticeCommand.swift",
            ]
        ),
        Ban(
            text: " Task {",
            reason: "work outside a structure is lost",
            remedy: "use a task group",
            allowed: [
                "Sources/Faces/Commands/Wiring/RunningEngine.swift",
                // Requests come on the server's threads, and who takes them counts them.
                "Sources/Faces/Commands/Wiring/Answering.swift",
            ]
        ),
        Ban(
            text: "Task.immediate",
            reason: "work outside a structure is lost",
            remedy: "use a task group",
            allowed: ["Sources/Faces/Commands/Wiring/Answering.swift"]
        ),
        Ban(text: "Task.detached", reason: "work outside a structure is lost", remedy: "group it"),
        Ban(
            text: "DispatchQueue",
            reason: "threads live in adapters",
            remedy: "await",
            allowed: [
                "Sources/Adapters/StorageSQLite/Confined.swift",
                "Sources/Adapters/Platform/LineWriter.swift",
            ]
        ),
        Ban(
            text: "Task.sleep",
            reason: "a test that sleeps is slow or flaky",
            remedy: "move the clock, or wait for an event",
            folders: ["Tests"]
        ),
        Ban(text: "TODO", reason: "it is forgotten", remedy: "file an issue and name it"),
        Ban(text: "FIXME", reason: "it is forgotten", remedy: "file an issue and name it"),
    ]

    @Test(arguments: bans) func `banned calls are not used`(ban: Ban) {
        var found: [String] = []
        for file in ban.folders == ["Tests"] ? Tree.tests : Tree.sources {
            if ban.allowed.contains(where: file.path.hasPrefix) { continue }
            for (index, line) in file.code.enumerated() where line.contains(ban.text) {
                found.append(
                    finding(file, index, "'\(ban.text)' is banned: \(ban.reason)", ban.remedy)
                )
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func `every package type and function says what its signature cannot`() {
        var found: [String] = []
        let declared = ["struct ", "enum ", "class ", "protocol ", "func ", "actor "]
        for file in Tree.sources {
            for (index, line) in file.lines.enumerated() {
                let text = line.drop { $0 == " " }
                guard text.hasPrefix("package ") || text.hasPrefix("package static "),
                    declared.contains(where: {
                        text.hasPrefix("package " + $0) || text.hasPrefix("package static " + $0)
                            || text.hasPrefix("package mutating " + $0)
                            || text.hasPrefix("package final " + $0)
                            || text.hasPrefix("package indirect " + $0)
                    })
                else { continue }
                if Self.isWitness(text) { continue }
                let isFunction = text.contains("func ")
                // What stands inside a type is told by the type; what a protocol asks, by it.
                if !isFunction, line.hasPrefix(" ") { continue }
                if isFunction, Self.witnessFiles.contains(file.path) { continue }
                var above = index - 1
                while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") {
                    above -= 1
                }
                if above < 0 || !file.lines[above].drop(while: { $0 == " " }).hasPrefix("///") {
                    found.append(finding(file, index, "no doc comment", "say what it promises"))
                }
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    /// Files whose functions a protocol documents.
    static let witnessFiles: Set<String> = [
        "Sources/Adapters/StorageSQLite/SQLiteStore.swift",
        "Sources/Adapters/StorageSQLite/SQLiteStore+Log.swift",
        "Sources/Adapters/StorageSQLite/SQLiteStore+Models.swift",
        "Sources/Adapters/StorageSQLite/SQLiteStore+Releases.swift",
        "Sources/Adapters/StorageSQLite/SQLiteStore+Callbacks.swift",
        "Sources/Adapters/StorageSQLite/SQLiteStore+Runs.swift",
        "Sources/Core/Runs/ActiveStep+Stored.swift",
        "Sources/Core/Runs/Run+Stored.swift",
        "Sources/Core/Runs/RunEvent+Stored.swift",
        "Sources/Engine/Engine/StoreCache.swift",
        "Sources/Engine/Storage/MemoryStore.swift",
        "Sources/Engine/Storage/MemoryStore+Releases.swift",
        "Sources/Engine/Storage/MemoryStore+Runs.swift",
        "Sources/Engine/Telemetry/MeasuredStore.swift",
        "Sources/Engine/Telemetry/MeasuredStore+Runs.swift",
        "Sources/Adapters/Documents/YAMLReader.swift",
        "Sources/Adapters/HTTPCurl/CurlTransport.swift",
    ]

    /// Operators and members that a protocol documents.
    private static func isWitness(_ text: Substring) -> Bool {
        text.contains("func ==") || text.contains("func <") || text.contains("func +")
            || text.contains("func -")
    }

    @Test func `every policy of the example has cases`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Tree.root + "/Policies")
        let policies = names.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".cases.yaml") }
        #expect(policies.count > 1)
        for policy in policies {
            #expect(names.contains(policy.dropLast(5) + ".cases.yaml"), "\(policy) has no cases")
        }
    }

    @Test func `nothing names the machine it was written on`() {
        var found: [String] = []
        let files =
            Tree.sources + Tree.tests
            + Tree.files(
                ["Scripts", "Docs", ".ci", "Policies", "Prompts", "Examples"],
                endings: [""]
            )
        // The API has a resource of that name.
        let home = "/wo" + "rk/"
        for file in files {
            for (index, line) in file.lines.enumerated()
            where line.replacing("/v1" + home, with: "").contains(home) {
                found.append(finding(file, index, "a path of one machine", "remove it"))
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }
}
