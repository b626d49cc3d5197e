import Gateway
import TestSupport
import Testing
import Values

/// What the API says of itself.
struct ContractTests {
    private let document = OpenAPI.live

    @Test func `the document is served as it is, to whoever asks`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let answer = try await world.send("GET", "/v1/openapi.json", as: nil)
            #expect(answer.status == 200)
            #expect(answer.body == OpenAPI.live)
            #expect(answer.body["openapi"] == "3.1.0")
            #expect(answer.body["info"]?["version"] == .string(Gateway.version))
        }
    }

    @Test func `each operation has a name of its own, a tag that is told of, and an answer`() {
        let operations = Contract.operations(document)
        let names = operations.compactMap { $0.operation["operationId"]?.string }
        #expect(names.count == operations.count)
        #expect(Set(names).count == names.count)
        let tags = document["tags"]?.array?.compactMap { $0["name"]?.string } ?? []
        for (key, operation) in operations {
            let tag = operation["tags"]?.array?.first?.string ?? ""
            #expect(tags.contains(tag), "\(key)")
            let statuses = operation["responses"]?.object?.names ?? []
            #expect(statuses.contains { $0.hasPrefix("2") }, "\(key)")
            for status in statuses where !status.hasPrefix("2") {
                let content = operation["responses"]?[status]?["content"]
                #expect(content?.object?.names == ["application/problem+json"], "\(key) \(status)")
            }
        }
    }

    @Test func `every reference leads somewhere`() {
        var references: [String] = []
        visit(document) { object, _ in
            if let reference = object["$ref"]?.string { references.append(reference) }
        }
        #expect(references.count > 50)
        for reference in Set(references) {
            let place = try? JSONPointer(String(reference.dropFirst()))
            #expect(
                reference.hasPrefix("#") && place.flatMap { document[$0] } != nil,
                "\(reference)"
            )
        }
    }

    @Test func `every link names an operation and a parameter that it has`() {
        let operations = Dictionary(
            Contract.operations(document).map { ($0.operation["operationId"]?.string ?? "", $0) }
        ) { first, _ in first }
        var links = 0
        visit(document) { object, _ in
            guard let target = object["operationId"]?.string,
                let given = object["parameters"]?.object?.names
            else { return }
            links += 1
            let operation = operations[target]?.operation
            let taken = operation?["parameters"]?.array?.compactMap { $0["name"]?.string } ?? []
            #expect(given.allSatisfy(taken.contains), "\(target)")
        }
        #expect(links > 20)
    }

    @Test func `every example fits the schema that it stands in`() throws {
        var examples = 0
        try visit(document) { object, place in
            guard let list = object["examples"]?.array else { return }
            let schema = try Contract.schema(.object(object), in: document)
            for example in list {
                examples += 1
                let failures = schema.validate(example)
                #expect(failures.isEmpty, "\(place): \(failures)")
            }
        }
        #expect(examples > 30)
    }

    @Test func `objects of our own allow no member that is not told of`() {
        for component in document["components"]?["schemas"]?.object?.members ?? [] {
            #expect(component.value["additionalProperties"] == false, "\(component.name)")
            for member in component.value["properties"]?.object?.members ?? [] {
                let isTold = member.value["description"] != nil || member.value["$ref"] != nil
                #expect(isTold, "\(component.name).\(member.name)")
            }
        }
    }

    @Test func `an answer that is not as documented is found`() {
        let response = GatewayResponse(
            status: 200,
            headers: [("content-type", "application/json"), ("x-more", "1")],
            body: Array(#"{"status":"ok","more":1}"#.utf8)
        )
        #expect(Contract.live.objections("GET", "/healthz", response).count == 2)
        let other = GatewayResponse(status: 418)
        #expect(Contract.live.objections("GET", "/healthz", other).count == 1)
    }

    /// Every object of a value, with where it stands.
    private func visit(
        _ value: JSON,
        at place: JSONPointer = JSONPointer(),
        _ look: (JSONObject, JSONPointer) throws -> Void
    ) rethrows {
        switch value {
        case .object(let object):
            try look(object, place)
            for member in object.members where member.name != "examples" {
                try visit(member.value, at: place.appending(member.name), look)
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try visit(element, at: place.appending(index), look)
            }
        default: break
        }
    }
}
