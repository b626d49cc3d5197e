import Foundation
import Storage
import Testing
import Values

@testable import Commands
@testable import enum Commands.Limits

/// The limits of what the command line reads, reached.
struct LimitTests {
    private let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Makes a file of that size without writing its bytes.
    private func make(_ path: String, bytes: Int) throws {
        try Data().write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(bytes))
        try file.close()
    }

    private func workspaceFailure() throws -> String {
        let error = try #require(throws: (any Error).self) { try WorkspaceFolder.read(folder) }
        return CommandFailure(error).message
    }

    @Test func `a line has at most so many bytes, and the next one is read`() throws {
        let path = folder + "/a.jsonl"
        let frame = #"{"a":""}"#.utf8.count
        let most = String(repeating: "x", count: Limits.lineBytes - frame)
        let lines = [most + "x", most].map { "{\"a\":\"\($0)\"}\n" }
        try Data(lines.joined().utf8).write(to: URL(filePath: path))
        let call = Invocation(arguments: [], values: [:], switches: [])
        let source = try InputSource(path, call: call, folder: folder)
        var input = InputFile(
            source.file,
            format: source.format,
            size: source.size,
            options: .init(
                policy: "p",
                map: nil,
                keyField: nil,
                scope: "s",
                source: "s",
                caller: "c",
                schema: [:]
            )
        )
        let read = try input.next(10)
        #expect(read.count == 1)
        #expect(input.badLines == [BadLine(line: 1, message: "is larger than 4194304 bytes")])
    }

    @Test func `a file of heads has at most so many bytes`() throws {
        let heads = HeadsFile(folder + "/store.db")
        try make(heads.path, bytes: Limits.headsBytes + 1)
        let error = try #require(throws: (any Error).self) { try heads.read() }
        #expect(
            CommandFailure(error).message == "\(heads.path) is larger than 268435456 bytes"
        )
    }

    @Test func `eval reads files of at most so many bytes, and takes so many variables`() throws {
        let path = folder + "/input.json"
        try make(path, bytes: Limits.evaluatedBytes + 1)
        let large = Invocation(arguments: ["1"], values: ["--input": [path]], switches: [])
        let error = try #require(throws: (any Error).self) { try EvalInput(large) }
        #expect(CommandFailure(error).message == "\(path) is larger than 16777216 bytes")

        func asking(_ count: Int) throws -> EvalQuestion {
            let written = (0..<count).map { "v\($0)=1" }
            let call = Invocation(arguments: ["1"], values: ["--var": written], switches: [])
            return try EvalQuestion(call, text: "1", input: nil, now: Instant(microseconds: 0))
        }
        #expect(try asking(Limits.variables).variables.count == Limits.variables + 1)
        #expect(throws: CommandFailure.usage("--var can be given at most 100 times")) {
            try asking(Limits.variables + 1)
        }
    }

    @Test func `a list of runs has at most so many conditions`() throws {
        func listing(_ count: Int) throws -> RunQuery {
            let written = (0..<count).map { "amount>\($0)" }
            return try RunCommand.query(
                Invocation(arguments: [], values: ["--field": written], switches: [])
            )
        }
        #expect(try listing(16).conditions.count == 16)
        #expect(throws: CommandFailure.usage("--field can be given at most 16 times")) {
            try listing(17)
        }
    }

    @Test func `a file of a workspace has at most so many bytes`() throws {
        let path = folder + "/stepgate.yaml"
        try make(path, bytes: Limits.fileBytes)
        _ = try WorkspaceFolder.read(folder)
        try make(path, bytes: Limits.fileBytes + 1)
        #expect(try workspaceFailure() == "\(path) is larger than 16777216 bytes")
    }

    @Test func `a workspace has at most so many files`() throws {
        let lists = folder + "/Lists"
        try FileManager.default.createDirectory(
            atPath: lists,
            withIntermediateDirectories: true
        )
        let names = ["/stepgate.yaml"] + (1..<Limits.files).map { "/Lists/\($0).csv" }
        #expect(
            names.allSatisfy {
                FileManager.default.createFile(atPath: folder + $0, contents: nil)
            }
        )
        _ = try WorkspaceFolder.read(folder)
        #expect(FileManager.default.createFile(atPath: lists + "/last.csv", contents: nil))
        #expect(try workspaceFailure() == "the workspace has more than 10000 files")
        try FileManager.default.removeItem(atPath: lists)
    }

    @Test func `folders of a workspace are read down to a depth, and deeper ones are told`() throws
    {
        let levels = (1...Limits.folderDepth).map { "d\($0)" }.joined(separator: "/")
        let inner = folder + "/" + levels
        try FileManager.default.createDirectory(
            atPath: inner,
            withIntermediateDirectories: true
        )
        try make(folder + "/stepgate.yaml", bytes: 0)
        let none = try WorkspaceFolder.read(folder)
        try make(inner + "/in.csv", bytes: 1)
        let one = try WorkspaceFolder.read(folder)
        #expect(one != none)
        try FileManager.default.createDirectory(
            atPath: inner + "/deeper",
            withIntermediateDirectories: true
        )
        #expect(try workspaceFailure().contains("more than \(Limits.folderDepth) folders deep"))
    }
}
