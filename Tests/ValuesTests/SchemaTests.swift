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

    @Test func `failures come in the order of the value, with the place in the schema`() throws {
        let schema = try Schema([
            "$defs": ["name": ["$id": "urn:name", "$defs": ["short": ["maxLength": 3]]]],
            "allOf": [["properties": ["b": ["minimum": 10]]], ["required": ["z"]]],
            "properties": ["a/b": ["$ref": "urn:name#/$defs/short"], "b": ["multipleOf": 2]],
            "additionalProperties": ["const": 0],
        ])
        let failures = schema.validate(["b": 5, "a/b": "long", "c": 1])
        #expect(
            failures.map { "\($0) [\($0.keyword) \($0.schemaPointer)]" } == [
                "/z: is missing [required /allOf/1/required]",
                "/b: must be at least 10; got 5 [minimum /allOf/0/properties/b/minimum]",
                "/b: must be a multiple of 2; got 5 [multipleOf /properties/b/multipleOf]",
                "/a~1b: may have at most 3 characters; has 4 [maxLength "
                    + "/$defs/name/$defs/short/maxLength]",
                "/c: expected 0; got 1 [const /additionalProperties/const]",
            ]
        )
    }

    struct Told: CustomTestStringConvertible, Sendable {
        let schema: JSON
        let value: JSON
        let words: [String]
        var testDescription: String { words.joined(separator: "; ") }
    }

    @Test(arguments: [
        Told(schema: false, value: 1, words: ["nothing is allowed here"]),
        Told(
            schema: ["type": ["string", "null"]],
            value: 1.5,
            words: ["expected null or string; got a number"]
        ),
        Told(
            schema: ["exclusiveMinimum": 1, "exclusiveMaximum": 1],
            value: 1,
            words: ["must be above 1; got 1", "must be below 1; got 1"]
        ),
        Told(
            schema: ["multipleOf": 0.01],
            value: 1.005,
            words: ["must be a multiple of 0.01; got 1.005"]
        ),
        Told(schema: ["minLength": 1], value: "", words: ["needs at least 1 character; has 0"]),
        Told(schema: ["pattern": "^a"], value: "b", words: ["must match ^a; got 'b'"]),
        Told(
            schema: ["format": "date"],
            value: "x",
            words: ["expected a date such as 2026-01-31; got 'x'"]
        ),
        Told(
            schema: ["contains": ["type": "string"]],
            value: [1],
            words: ["must have at least 1 of the elements asked for; has 0"]
        ),
        Told(
            schema: ["contains": true, "maxContains": 1],
            value: [1, 2],
            words: ["must have at most 1 of the elements asked for; has 2"]
        ),
        Told(
            schema: ["prefixItems": [true], "items": false],
            value: [1, 2],
            words: ["/1: is one element more than there may be"]
        ),
        Told(
            schema: ["propertyNames": ["maxLength": 2]],
            value: ["long": 1],
            words: ["/long: has a name that does not fit: may have at most 2 characters; has 4"]
        ),
        Told(
            schema: ["dependentRequired": ["a": ["b"]]],
            value: ["a": 1],
            words: ["/b: is missing; 'a' needs it"]
        ),
        Told(
            schema: ["not": ["type": "string"]],
            value: "",
            words: ["has a form that is ruled out"]
        ),
        Told(
            schema: ["properties": ["a": true], "unevaluatedProperties": false],
            value: ["a": 1, "b": 2],
            words: ["/b: is not a field of this schema"]
        ),
        Told(
            // What failed is told, and not that it was therefore not looked at.
            schema: ["properties": ["a": ["type": "string"]], "unevaluatedProperties": false],
            value: ["a": 1],
            words: ["/a: expected string; got an integer"]
        ),
        Told(
            schema: ["if": ["required": ["a"]], "then": ["required": ["b"]], "else": false],
            value: ["a": 1],
            words: ["/b: is missing"]
        ),
    ]) func `a failure is a sentence`(told: Told) throws {
        #expect(try Schema(told.schema).validate(told.value).map(\.description) == told.words)
    }

    @Test(arguments: [
        Told(
            schema: [["type": "string"], ["$ref": "#/$defs/number"], ["type": "integer"]],
            value: [:],
            words: ["expected number or string; got an object"]
        ),
        Told(
            schema: [["const": "a"], ["const": "b"]],
            value: "c",
            words: ["expected one of a, b; got 'c'"]
        ),
        Told(
            schema: [
                ["properties": ["kind": ["const": "circle"], "radius": ["minimum": 0]]],
                ["properties": ["kind": ["const": "square"], "side": ["minimum": 0]]],
                ["type": "string"],
            ],
            value: ["kind": "square", "side": -1],
            words: [
                "fits none of the 3 allowed forms; form 2 is the nearest",
                "/side: must be at least 0; got -1",
            ]
        ),
    ]) func `of several forms the nearest is told`(told: Told) throws {
        let numbers: JSON = ["number": ["type": "number"]]
        for keyword in ["anyOf", "oneOf"] {
            let schema = try Schema(
                .object(
                    JSONObject(uniqueMembers: [
                        .init("$defs", numbers), .init(keyword, told.schema),
                    ])
                )
            )
            #expect(schema.validate(told.value).map(\.description) == told.words)
        }
        let both = try Schema(["oneOf": [["minimum": 1], ["type": "string"], ["minimum": 2]]])
        #expect(
            both.validate(3).map(\.description) == ["fits 2 forms (1, 3), expected exactly one"]
        )
    }

    @Test(arguments: [
        (#"{"type":"strin"}"#, "'strin' is no type", "write 'string'"),
        (#"{"pattern":"("}"#, "the pattern '(' does not compile", ""),
        (#"{"minLength":-1}"#, "expected a whole number, 0 or more (at /minLength)", ""),
        (
            #"{"properties":{"a":{"minimum":"1"}}}"#,
            "expected a number; got a string (at /properties/a", ""
        ),
        (#"{"multipleOf":0}"#, "expected a number above 0 (at /multipleOf)", ""),
        (#"{"multipleOf":-2}"#, "expected a number above 0 (at /multipleOf)", ""),
        (#"{"uniqueItems":"yes"}"#, "expected true or false; got a string", ""),
        (#"{"required":"a"}"#, "expected a list of texts (at /required)", ""),
        (#"{"items":[{}]}"#, "'items' is one schema", "write 'prefixItems' for a list of them"),
        (#"{"allOf":[]}"#, "expected at least one schema (at /allOf)", ""),
        (#"{"not":3}"#, "expected a schema: an object, true or false (at /not)", ""),
        (
            ##"{"$defs":{"address":{}},"$ref":"#/$defs/adress"}"##,
            "'#/$defs/adress' names nothing in this schema", "write '#/$defs/address'"
        ),
        (##"{"$ref":"#/a~2"}"##, "'#/a~2' names nothing in this schema", ""),
        (##"{"$ref":"#%"}"##, "the fragment of '#%' has a '%' that is no escape", ""),
        (
            #"{"$ref":"other.json"}"#,
            "'other.json' refers to another document, and none is fetched",
            "put that document under '$defs', with its address as '$id'"
        ),
        (##"{"$id":"a#b"}"##, "an '$id' has no fragment", "write '$anchor'"),
        (#"{"$anchor":"1a"}"#, "expected a name of letters", ""),
        (
            #"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#,
            "the anchor 'x' is there twice", ""
        ),
    ]) func `a mistake in a schema is a diagnostic`(
        text: String,
        message: String,
        fix: String
    ) throws {
        let document = try JSON.read(text)
        let error = try #require(throws: Diagnostics.self) { try Schema(document) }
        #expect(error.list.count == 1)
        #expect(error.list.first?.message.hasPrefix(message) == true, "\(error.rendered)")
        #expect((error.list.first?.fix ?? "") == fix)
    }

    @Test(arguments: [
        (#"{"typ":"string"}"#, "'typ' is no keyword of JSON Schema", "write 'type'"),
        (
            #"{"zzzzzzzz":1}"#, "'zzzzzzzz' is no keyword of JSON Schema",
            "begin names of your own with 'x-'"
        ),
        (
            #"{"additionalItems":true}"#, "'additionalItems' is no keyword",
            "write 'items', and the list before it as 'prefixItems'"
        ),
        (#"{"format":"emial"}"#, "'emial' is no format of JSON Schema", "write 'email'"),
        (
            #"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
            "'http://json-schema.org/draft-07/schema#' is another draft",
            "write 'https://json-schema.org/draft/2020-12/schema'"
        ),
    ]) func `what the draft allows and nobody meant is a warning`(
        text: String,
        message: String,
        fix: String
    ) throws {
        let schema = try Schema(try JSON.read(text))
        #expect(schema.validate(1).isEmpty)
        #expect(schema.warnings.map(\.severity) == [.warning])
        #expect(schema.warnings.first?.message.hasPrefix(message) == true)
        #expect(schema.warnings.first?.fix == fix)
        #expect(try Schema(["x-own": 1, "title": "a"]).warnings.isEmpty)
    }

    @Test func `references go by address, anchor and pointer, wherever they lead`() throws {
        let schema = try Schema([
            "$id": "https://example.com/a/root.json",
            "$defs": [
                "up": ["$id": "../b/other.json", "$anchor": "here", "type": "string"],
                "a~b/c%": ["type": "integer"],
                "é": ["type": "null"], "e\u{301}": ["type": "boolean"],
            ],
            "own": [["type": "array"]],
            "prefixItems": [
                ["$ref": "/b/other.json"], ["$ref": "../b/other.json#here"],
                ["$ref": "#/$defs/a~0b~1c%25"], ["$ref": "#/own/0"], ["$ref": "#/$defs/%C3%A9"],
                ["$ref": "#/$defs/e%CC%81"], ["$ref": "https://example.com/a/root.json#/own/0"],
            ],
        ])
        #expect(schema.validate(["a", "b", 1, [], nil, true, []]).isEmpty)
        #expect(
            schema.validate([1, 1, "a", 1, true, nil, 1]).map(\.pointer.description)
                == (0..<7).map { "/\($0)" }
        )
    }

    @Test func `a schema is validated by the metaschema without a network`() throws {
        let schema = try Schema(["$ref": "https://json-schema.org/draft/2020-12/schema"])
        #expect(schema.validate(["properties": ["a": ["minLength": 2]]]).isEmpty)
        let failures = schema.validate(["properties": ["a": ["minLength": -1, "type": "strin"]]])
        #expect(
            failures.map(\.description) == [
                "/properties/a/minLength: must be at least 0; got -1",
                "/properties/a/type: fits none of the 2 allowed forms; form 1 is the nearest",
                "/properties/a/type: expected one of array, boolean, integer, null, number, "
                    + "object, string; got 'strin'; did you mean 'string'?",
            ]
        )
        #expect(
            failures.first?.schemaPointer
                == "https://json-schema.org/draft/2020-12/meta/validation"
                + "#/$defs/nonNegativeInteger/minimum"
        )
    }

    @Test(arguments: [
        (0.0075, 0.0001, true), (0.00751, 0.0001, false), (4.35, 0.01, true), (1e308, 0.5, true),
        (1e308, 0.123456789, false), (9.007199254740994e15, 2, true), (1e22, 1e20, true),
        (0.3, 0.1, true), (1.1, 0.1, true), (19.99, 0.01, true), (1e-7, 1e-8, true),
        (.leastNonzeroMagnitude, .leastNonzeroMagnitude, true),
        (1e-300, 1e-301, true), (1.5e-300, 1e-300, false), (0, 7, true), (-4.5, 1.5, true),
        (123456789012345683968, 10, true), (3, 2, false), (1.7976931348623157e308, 7e-300, false),
    ]) func `multiples are exact`(value: Double, factor: Double, expected: Bool) throws {
        #expect(try Schema(["multipleOf": .double(factor)]).allows(.double(value)) == expected)
    }

    @Test func `numbers are equal and ordered whatever they are written as`() throws {
        #expect(try Schema(["const": 1.0]).allows(1))
        #expect(try Schema(["enum": [[1, ["a": 2.0]]]]).allows([1.0, ["a": 2]]))
        #expect(try Schema(["type": "integer"]).allows(1e300))
        #expect(try !Schema(["maximum": 9_007_199_254_740_992.0]).allows(9_007_199_254_740_993))
        #expect(try Schema(["maximum": .uint(.max)]).allows(.int(.max)))
        #expect(try Schema(["multipleOf": .uint(.max)]).allows(.uint(.max)))
        #expect(try !Schema(["uniqueItems": true]).allows([1, 1.0]))
        #expect(try Schema(["maxLength": 1e300]).allows("a"))
    }

    @Test func `texts are compared by their bytes and counted by code points`() throws {
        #expect(try !Schema(["const": "é"]).allows("e\u{301}"))
        #expect(try !Schema(["enum": ["é"]]).allows("e\u{301}"))
        #expect(try Schema(["uniqueItems": true]).allows(["é", "e\u{301}"]))
        #expect(try !Schema(["required": ["é"]]).allows(["e\u{301}": 1]))
        let names = try Schema(["properties": ["é": false], "additionalProperties": true])
        #expect(names.allows(["e\u{301}": 1]))
        #expect(try Schema(["maxLength": 2, "minLength": 2]).allows("😀e"))
        #expect(try !Schema(["maxLength": 1]).allows("e\u{301}"))
    }
}
