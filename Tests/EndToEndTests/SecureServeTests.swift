import Foundation
import Testing

private enum Tool: String, CaseIterable {
    case curl = "/usr/bin/curl"
    case openssl = "/usr/bin/openssl"

    static let areHere = allCases.allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0.rawValue)
    }

    /// The exit code, and what it wrote to its standard output.
    func run(_ arguments: [String], in folder: String) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: rawValue)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}

/// `stepgate serve` with a certificate of its own.
@Suite(.serialized, .enabled(if: Tool.areHere, "needs the commands curl and openssl"))
struct SecureServeTests {
    private let program: Program

    init() throws {
        program = try Program()
        try program.write("stepgate.yaml", "models: {}\n")
        try program.write(
            "Policies/refund.yaml",
            """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: small, when: input.amount <= 20, decide: {action: refund}}]
            """
        )
        let made = try Tool.openssl.run(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem",
            ],
            in: program.folder
        )
        try #require(made.code == 0)
    }

    private func permit(_ mode: Int) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode],
            ofItemAtPath: program.folder + "/key.pem"
        )
    }

    @Test(.timeLimit(.minutes(1)))
    func `it serves HTTPS, and says when others may read the key`() throws {
        try permit(0o644)
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(
            ["serve", "--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"],
            output: output,
            errors: errors
        )
        var told = ""
        while !told.contains("sgt_") || !told.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            told += String(decoding: more, as: UTF8.self)
        }
        let url = String((told.split(separator: "serves on ").last ?? "").prefix { $0 != "\n" })
        #expect(url.hasPrefix("https://127.0.0.1:"))
        #expect(told.contains("the first admin token, shown once: sgt_"))
        let answer = try Tool.curl.run(
            ["-sS", "--max-time", "20", "--cacert", "cert.pem", url + "/healthz"],
            in: program.folder
        )
        #expect(answer.code == 0)
        let stranger = try Tool.curl.run(
            ["-sS", "--max-time", "20", url + "/healthz"],
            in: program.folder
        )
        #expect(stranger.code == 60)
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let warnings = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        #expect(warnings.contains("key.pem may be read by others: chmod 600"))
    }

    @Test(.timeLimit(.minutes(1)))
    func `what does not fit is told with the file's name`() throws {
        try permit(0o600)
        try program.write("text.pem", "hello\n")
        func ended(_ certificate: String, _ key: String) throws -> Program.Ended {
            try program.run("serve", "--port", "0", "--tls-cert", certificate, "--tls-key", key)
        }
        let missing = try ended("none.pem", "key.pem")
        #expect(missing.code == 4)
        #expect(missing.errors.contains("none.pem"))
        let unfit = try ended("text.pem", "key.pem")
        #expect(unfit.code == 1)
        #expect(unfit.errors.contains("text.pem: the certificate is no PEM text"))
        let swapped = try ended("cert.pem", "cert.pem")
        #expect(swapped.code == 1)
        #expect(swapped.errors.contains("cert.pem: the key is no PEM text"))
        let alone = try program.run("serve", "--port", "0", "--tls-key", "key.pem")
        #expect(alone.code == 2)
        #expect(alone.errors.contains("--tls-key needs --tls-cert"))
    }
}
