import Foundation
import HTTPMicro
import Testing

private enum CurlCommand {
    static let path = "/usr/bin/curl"
    static let isHere = FileManager.default.isExecutableFile(atPath: path)
}

/// TLS by the server itself, asked by the curl command, which checks the certificate.
@Suite(.timeLimit(.minutes(1)))
struct SecureServerTests {
    private func identity(
        certificate: String = TestCertificate.certificate,
        key: String = TestCertificate.key
    ) -> (certificate: [UInt8], key: [UInt8]) {
        (Array(certificate.utf8), Array(key.utf8))
    }

    private func curl(_ arguments: [String], input: String = "") throws -> (Int32, String) {
        let folder = FileManager.default.temporaryDirectory
        let file = folder.appending(path: "stepgate-\(UUID().uuidString).pem")
        try TestCertificate.certificate.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: CurlCommand.path)
        process.arguments = ["-sS", "--max-time", "20", "--cacert", file.path] + arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test(
        .enabled(if: CurlCommand.isHere, "needs the curl command"),
        arguments: ["1.2", "1.3"]
    )
    func `a client that checks the certificate is served`(version: String) throws {
        let server = try HTTPServer(port: 0, tls: identity()) { request, responder in
            responder.respond(HTTPResponse(status: 200, body: Array("safe ".utf8) + request.body))
        }
        defer { server.stop() }
        let url = "https://127.0.0.1:\(server.port)/"
        let options = ["--tlsv\(version)", "--tls-max", version]
        let (code, text) = try curl(options + ["-d", "body", url, url])
        #expect(code == 0)
        #expect(text == "safe bodysafe body")
        let old = try curl(["--ciphers", "DEFAULT@SECLEVEL=0", "--tls-max", "1.1", url])
        #expect(old.0 == 35)
    }

    @Test(
        .enabled(if: CurlCommand.isHere, "needs the curl command")
    )
    func `answers and bodies are streamed through TLS`() throws {
        let server = try HTTPServer(port: 0, tls: identity(), handling: { _ in .streamed }) {
            request,
            responder in
            let stream = responder.stream(
                HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 1_000_000))
            )
            stream.finish()
        }
        defer { server.stop() }
        let (code, text) = try curl(["https://127.0.0.1:\(server.port)/"])
        #expect(code == 0)
        #expect(text.utf8.count == 1_000_000)
    }

    @Test func `a client without TLS gets no answer`() throws {
        let server = try HTTPServer(port: 0, tls: identity()) { _, responder in
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(!client.rest().contains("HTTP/1.1 200"))
    }

    @Test func `what is no certificate or no key is told`() throws {
        func failure(_ tls: (certificate: [UInt8], key: [UInt8])) throws -> HTTPServerError {
            try #require(throws: HTTPServerError.self) {
                try HTTPServer(port: 0, tls: tls) { _, _ in }
            }
        }
        let noCertificate = try failure(identity(certificate: "hello"))
        #expect(noCertificate.cause == .certificate)
        #expect(noCertificate.message.contains("BEGIN CERTIFICATE"))
        let noKey = try failure(identity(key: TestCertificate.certificate))
        #expect(noKey.cause == .key)
        #expect(noKey.message.contains("BEGIN PRIVATE KEY"))
        let locked = try failure(
            identity(key: "-----BEGIN ENCRYPTED PRIVATE KEY-----")
        )
        #expect(locked.message.contains("password"))
        let other = try failure(identity(key: TestCertificate.otherKey))
        #expect(other.cause == .key)
        #expect(other.message.contains("does not belong"))
    }

    @Test func `a port in use is told with TLS too`() throws {
        let server = try HTTPServer(port: 0, tls: identity()) { _, _ in }
        defer { server.stop() }
        let error = try #require(throws: HTTPServerError.self) {
            try HTTPServer(port: server.port, tls: identity()) { _, _ in }
        }
        #expect(error.cause == .address)
        #expect(error.message.contains("in use"))
    }
}
