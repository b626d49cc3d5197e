import Foundation
import FoundationNetworking
import Testing
import Values

/// A server at work, and its first lines.
final class Server {
    let process: Process
    let url: String
    let told: String
    /// What it says to standard error, as it says it.
    let errors = Pipe()

    init(_ program: Program, port: String = "0", _ arguments: [String] = []) throws {
        let output = Pipe()
        process = try program.start(
            ["serve", "--port", port] + arguments,
            output: output,
            errors: errors
        )
        var text = ""
        while !text.contains("serves on"), !text.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        told = text
        url = String((text.split(separator: "serves on ").last ?? "").prefix { $0 != "\n" })
    }

    var port: String { String(url.split(separator: ":").last ?? "") }
}

extension Program {
    /// A token of a role, made beside whatever runs.
    func token(_ role: String) throws -> String {
        let made = try json("token", "create", "--name", role, "--role", role)
        return try #require(made["secret"]?.string)
    }
}

/// Requests as a client sends them.
enum Wire {
    static func send(
        _ url: String,
        _ method: String,
        _ token: String?,
        _ body: String? = nil,
        _ headers: [String: String] = [:]
    ) async throws -> (status: Int, body: JSON) {
        var request = URLRequest(url: try #require(URL(string: url)), timeoutInterval: 20)
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        // Foundation would say that it is a form.
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        return (status, try JSON.read([UInt8](data)))
    }

    /// Sends steps in one request; the answer's lines.
    static func batch(_ url: String, _ token: String, _ lines: [String]) async throws -> [JSON] {
        let address = try #require(URL(string: url + "/v1/decisions:batch"))
        var request = URLRequest(url: address, timeoutInterval: 20)
        request.httpMethod = "POST"
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/x-ndjson", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data(lines.joined(separator: "\n").utf8)
        let (data, _) = try await URLSession.shared.data(for: request)
        return try data.split(separator: UInt8(ascii: "\n")).map { try JSON.read([UInt8]($0)) }
    }
}
