import TestSupport
import Testing
import Values

struct SchemaTests {
    /// Files of the public suite whose keywords are available, all but for groups that also use
    /// what is not.
    static let files = [
        "additionalProperties", "allOf", "anyOf", "boolean_schema", "const", "contains", "default",
        "dependentRequired", "dependentSchemas", "enum", "exclusiveMaximum", "exclusiveMinimum",
        "if-then-else", "items", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum",
        "minContains", "minLength", "minProperties", "minimum", "multipleOf", "not",
        "oneOf", "pattern", "patternProperties", "prefixItems", "properties", "propertyNames",
        "required", "type", "uniqueItems",
    ]

    @Test(.enabled(if: Conformance.isHere, "the conformance cases are not here"), arguments: files)
    func `every group of the public suite that uses available keywords comes out`(
        file: String
    ) throws {
        var failures: [String] = []
        for group in try Conformance.json("jsonschema/\(file).json").array ?? [] {
            guard group["remote"]?.bool != true, let written = group["schema"] else { continue }
            let name = group["description"]?.string ?? ""
            let schema: Schema
            do {
                schema = try Schema(written)
            } catch {
                let notYet = error.list.allSatisfy {
                    $0.message.contains("not available yet")
                        || $0.message.contains("is no keyword of JSON Schema")
                        || $0.message.contains("does not compile")
                }
                if !notYet { failures.append("\(name): \(error.rendered)") }
                continue
            }
            for test in group["tests"]?.array ?? [] {
                let valid = schema.validate(test["data"] ?? .null).isEmpty
                if valid != test["valid"]?.bool {
                    failures.append("\(name) / \(test["description"]?.string ?? "")")
                }
            }
        }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    @Test func `every failing pointer is named, for people`() throws {
        let schema = try Schema([
            "type": "object", "required": ["tier"], "additionalProperties": false,
            "properties": [
                "tier": ["enum": ["new", "standard", "gold"]],
                "amount": ["type": "number", "minimum": 0],
                "tags": ["type": "array", "items": ["type": "string"]],
            ],
        ])
        let failures = schema.validate([
            "tier": "gould", "amount": -1, "tags": ["a", 2], "amout": 3,
        ])
        #expect(
            failures.map(\.description).sorted() == [
                "/amount: must be at least 0; got -1",
                "/amout: is not a field of this schema; did you mean 'amount'?",
                "/tags/1: expected string; got an integer",
                "/tier: expected one of new, standard, gold; got 'gould'; did you mean 'gold'?",
            ]
        )
    }

    @Test func `a schema that refers to itself ends`() throws {
        let schema = try Schema([
            "type": "object", "properties": ["next": ["$ref": "#"]],
        ])
        #expect(schema.validate(["next": ["next": [:]]]).isEmpty)
        #expect(schema.validate(["next": ["next": 1]]).first?.pointer.description == "/next/next")
        let circle = try Schema(["$ref": "#"])
        #expect(!circle.validate(1).isEmpty)
    }

    @Test(arguments: [
        (#"{"typ":"string"}"#, "'typ' is no keyword of JSON Schema", "write 'type'"),
        (#"{"type":"strin"}"#, "'strin' is no type", "write 'string'"),
        (#"{"unevaluatedItems":false}"#, "'unevaluatedItems' is not available yet", ""),
        (#"{"pattern":"("}"#, "the pattern '(' does not compile", ""),
        (#"{"minLength":-1}"#, "expected a whole number, 0 or more", ""),
    ]) func `a mistake in a schema is a diagnostic`(
        text: String,
        message: String,
        fix: String
    ) throws {
        let document = try JSON.read(text)
        let error = try #require(throws: Diagnostics.self) { try Schema(document) }
        #expect(error.list.first?.message.hasPrefix(message) == true, "\(error.rendered)")
        #expect((error.list.first?.fix ?? "") == fix)
    }
}
