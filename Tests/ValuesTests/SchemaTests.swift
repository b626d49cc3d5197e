import Testing
import Values

struct SchemaTests {
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
    }

    @Test(arguments: [
        (#"{"type":"strin"}"#, "'strin' is no type", "write 'string'"),
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
