import Gateway
import Testing
import Values

/// The OpenAPI document as what holds the gateway's answers to account.
struct Contract: Sendable {
    static let live = Contract(OpenAPI.live)

    /// What one status of an operation promises.
    struct Promise: Sendable {
        let contentType: String
        let schema: Schema
        let headers: Set<String>
    }

    let document: JSON
    private let promises: [String: [Int: Promise]]

    init(_ document: JSON) {
        self.document = document
        var promises: [String: [Int: Promise]] = [:]
        for (key, operation) in Self.operations(document) {
            for member in operation["responses"]?.object?.members ?? [] {
                guard let status = Int(member.name) else { continue }
                promises[key, default: [:]][status] = Self.promise(member.value, document)
            }
        }
        self.promises = promises
    }

    /// By method and path, such as `GET /v1/decisions/{id}`.
    static func operations(_ document: JSON) -> [(key: String, operation: JSON)] {
        (document["paths"]?.object?.members ?? []).flatMap { path in
            (path.value.object?.members ?? []).map { operation in
                ("\(operation.name.uppercased()) \(path.name)", operation.value)
            }
        }
    }

    /// A schema with the document's components as its own definitions.
    static func schema(_ schema: JSON, in document: JSON) throws -> Schema {
        let components = document["components"]?["schemas"] ?? [:]
        let whole: JSON = ["allOf": [schema], "$defs": components]
        let text = whole.compactText.split(separator: "#/components/schemas/")
            .joined(separator: "#/$defs/")
        return try Schema(JSON.read(Array(text.utf8)))
    }

    /// In what a line of a streamed answer differs from what is documented.
    func objections(_ method: String, _ path: String, line: JSON) -> [String] {
        guard let known = key(method, path), let promise = promises[known]?[200] else {
            return ["\(method) \(path) is not documented"]
        }
        return promise.schema.validate(line).map { "\(known): \($0) in \(line.compactText)" }
    }

    private static func promise(_ response: JSON, _ document: JSON) -> Promise? {
        guard let content = response["content"]?.object?.members.first,
            let schema = try? schema(content.value["schema"] ?? false, in: document)
        else { return nil }
        return Promise(
            contentType: content.name,
            schema: schema,
            headers: Set(response["headers"]?.object?.names ?? [])
        )
    }

    /// In what an answer differs from what is documented; nothing when it is as promised.
    func objections(_ method: String, _ path: String, _ response: GatewayResponse) -> [String] {
        // What no row takes has no documented answer.
        guard let known = key(method, path), ![204, 405].contains(response.status) else {
            return []
        }
        guard let promise = promises[known]?[response.status] else {
            return ["\(known) answers \(response.status), which is not documented"]
        }
        var objections: [String] = []
        for (name, value) in response.headers {
            if name == "content-type" {
                if value != promise.contentType { objections.append("\(known): \(value)") }
            } else if !promise.headers.contains(name) {
                objections.append("\(known): the header '\(name)' is not documented")
            }
        }
        // What is written piece by piece is looked at by who reads it.
        if response.stream != nil { return objections }
        do {
            let body = try JSON.read(response.body)
            objections += promise.schema.validate(body).map {
                "\(known) \(response.status): \($0) in \(body.compactText)"
            }
        } catch {
            objections.append("\(known): the answer is no JSON: \(error)")
        }
        return objections
    }

    private func key(_ method: String, _ path: String) -> String? {
        let method = method == "HEAD" ? "GET" : method
        if promises["\(method) \(path)"] != nil { return "\(method) \(path)" }
        return promises.keys.sorted { $0.count > $1.count }.first { key in
            guard key.hasPrefix("\(method) ") else { return false }
            let template = key.dropFirst(method.count + 1).split(
                separator: "/",
                omittingEmptySubsequences: false
            )
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            return template.count == parts.count
                && zip(template, parts).allSatisfy { template, part in
                    guard template.hasPrefix("{"), let end = template.firstIndex(of: "}") else {
                        return template == part
                    }
                    let act = template[template.index(after: end)...]
                    return part.hasSuffix(act) && (!act.isEmpty || !part.contains(":"))
                }
        }
    }
}
