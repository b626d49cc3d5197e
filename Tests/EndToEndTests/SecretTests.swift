import Foundation
import Testing
import Values

/// A key planted in the environment, and one in a file, looked for in everything that is written.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct SecretEndToEndTests {
    private static let planted = "sk-planted-4b1d9e"
    private static let filed = "sk-in-a-file-77c2"

    private let program: Program

    init() throws { program = try Program() }

    private func run(_ arguments: [String]) throws -> String {
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(
            arguments,
            output: output,
            errors: errors,
            environment: ["PLANTED_KEY": Self.planted]
        )
        let text =
            output.fileHandleForReading.readDataToEndOfFile()
            + errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    /// Every file of the workspace but the key's own.
    private func files() throws -> [(path: String, bytes: Data)] {
        let paths = FileManager.default.subpaths(atPath: program.folder) ?? []
        return try paths.compactMap { path in
            var isFolder: ObjCBool = false
            let whole = program.folder + "/" + path
            guard unsafe FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder),
                !isFolder.boolValue, path != "key.txt"
            else { return nil }
            return (path, try Data(contentsOf: URL(filePath: whole)))
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a key is sent to its server and written nowhere, even when the server says it back`()
        throws
    {
        let server = try EchoServer()
        defer { server.stop() }
        try program.write("key.txt", Self.filed + "\n")
        try program.write(
            "stepgate.yaml",
            """
            models:
              env: {shape: chat, url: "http://127.0.0.1:\(server.port)/v1", model: e, key: "${env:PLANTED_KEY}", cache: 1h}
              file: {shape: chat, url: "http://127.0.0.1:\(server.port)/v1", model: f, key: "${file:key.txt}"}
            """
        )
        try program.write("Prompts/p.prompt", "{{fence message}}")
        for (name, model) in [("a", "env"), ("b", "file")] {
            try program.write(
                "Policies/\(name).yaml",
                """
                policy: \(name)
                autonomy: suggest
                input: {message: string}
                output: {action(enum): [refund, reject], reason?: string}
                model:
                  prompt: p
                  use: \(model)
                  confidence: {from: vote, of: action, samples: 2}
                  retry: {attempts: 2, backoff: 1ms..2ms}
                  on_failure: review
                """
            )
        }
        let lines = (0..<12).map { #"{"message": "m \#($0)"}"# }.joined(separator: "\n")
        try program.write("in.jsonl", lines)

        var written = ""
        for name in ["a", "b"] {
            written += try run(["decide", name, "--input", "in.jsonl", "--output", "\(name).jsonl"])
        }
        for extra in [[], ["--json"]] {
            written += try run(["check"] + extra)
            written += try run(["models"] + extra)
            written += try run(["models", "test", "env"] + extra)
            written += try run(["models", "test", "file"] + extra)
            written += try run(["review", "list"] + extra)
            written += try run(["decisions", "list"] + extra)
            written += try run(["decisions", "export"] + extra)
            written += try run(["log", "verify"] + extra)
        }
        let ids =
            try program.json("decisions", "list").array?.compactMap { $0["decision"]?.string } ?? []
        #expect(ids.count >= 12)
        for id in ids.prefix(6) { written += try run(["decisions", "show", id, "--json"]) }

        // The keys went where they belong, and came back in errors and answers.
        #expect(server.heads.contains { $0.contains("Bearer \(Self.planted)") })
        #expect(server.heads.contains { $0.contains("Bearer \(Self.filed)") })
        #expect(written.contains("<secret>"), "\(written.prefix(2_000))")
        for key in [Self.planted, Self.filed] {
            #expect(!written.contains(key))
            for file in try files() {
                #expect(file.bytes.range(of: Data(key.utf8)) == nil, "\(file.path)")
            }
        }
    }
}
