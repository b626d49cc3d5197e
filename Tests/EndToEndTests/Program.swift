import Foundation
import Values

/// The built program, run as a person runs it.
struct Program: Sendable {
    struct Ended {
        let code: Int32
        let output: String
        let errors: String
    }

    /// A workspace of its own, removed with the machine's temporary files.
    let folder: String

    static let binary: String = {
        // The test bundle lies beside the program.
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = bundle.appending(path: "stepgate").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../.build/debug/stepgate").standardized.path
    }()

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func start(
        _ arguments: [String],
        output: Pipe,
        errors: Pipe,
        environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        process.executableURL = URL(filePath: Self.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    func run(_ arguments: String...) throws -> Ended {
        let (output, errors) = (Pipe(), Pipe())
        let process = try start(arguments, output: output, errors: errors)
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let told = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Ended(
            code: process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: told, as: UTF8.self)
        )
    }

    func json(_ arguments: String...) throws -> JSON {
        let (output, errors) = (Pipe(), Pipe())
        let process = try start(arguments + ["--json"], output: output, errors: errors)
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSON.read([UInt8](text))
    }

    func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder + "/" + path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url)
    }

    func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + path)), as: UTF8.self)
    }
}

/// The practice model as its own process, on a port of its own.
final class PracticeModel {
    let port: String
    private let process: Process

    init(_ program: Program) throws {
        let output = Pipe()
        process = try program.start(
            ["practice-model", "--port", "0"],
            output: output,
            errors: Pipe()
        )
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            line += more
        }
        let text = String(decoding: line, as: UTF8.self)
        let after = text.split(separator: "127.0.0.1:").last ?? ""
        port = String(after.prefix { $0.isNumber })
    }

    deinit { process.terminate() }
}
