import Testing
import Values

/// Dynamic references, and what `unevaluated…` sees through them and through every applicator.
struct SchemaReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let schema: JSON
        var valid: [JSON] = []
        var invalid: [JSON] = []
    }

    @Test(arguments: [
        Case(
            testDescription: "a dynamic scope ends with the schema that opened it",
            schema: [
                "$id": "urn:main",
                "if": [
                    "$id": "urn:first",
                    "$defs": ["x": ["$dynamicAnchor": "thing", "type": "number"]],
                ],
                "then": [
                    "$id": "urn:second", "$ref": "urn:start",
                    "$defs": ["x": ["$dynamicAnchor": "thing", "type": "null"]],
                ],
                "$defs": [
                    "start": ["$id": "urn:start", "$dynamicRef": "urn:inner#thing"],
                    "inner": ["$id": "urn:inner", "$dynamicAnchor": "thing", "type": "string"],
                ],
            ],
            valid: [nil],
            invalid: ["a", 42]
        ),
        Case(
            testDescription: "the outermost of several dynamic anchors counts",
            schema: [
                "$id": "urn:tree", "$dynamicAnchor": "node", "type": "object",
                "properties": ["own": ["type": "integer"]], "required": ["own"],
                "allOf": [["$ref": "urn:base"]],
                "$defs": [
                    "base": [
                        "$id": "urn:base", "$dynamicAnchor": "node", "type": "object",
                        "properties": [
                            "children": ["type": "array", "items": ["$dynamicRef": "#node"]]
                        ],
                    ]
                ],
            ],
            valid: [["own": 1, "children": [["own": 2]]]],
            invalid: [["own": 1, "children": [[:]]], ["own": 1, "children": [["own": "2"]]]]
        ),
        Case(
            testDescription: "without a dynamic anchor a dynamic reference is a plain one",
            schema: [
                "$id": "urn:outer", "$ref": "urn:list",
                "$defs": [
                    "own": ["$dynamicAnchor": "item", "type": "string"],
                    "list": [
                        "$id": "urn:list", "items": ["$dynamicRef": "#item"],
                        "$defs": ["item": ["$anchor": "item", "type": "number"]],
                    ],
                ],
            ],
            valid: [[1]],
            invalid: [["a"]]
        ),
        Case(
            testDescription: "an address inside what no keyword knows names nothing",
            schema: [
                "$defs": [
                    "a": ["not": ["unknown": [["$id": "urn:x", "type": "null"]]]],
                    "b": ["enum": [["$id": "urn:x", "type": "null"]]],
                    "c": ["const": ["$id": "urn:x", "type": "null"]],
                    "d": ["$id": "urn:x", "type": "string"],
                ],
                "$ref": "urn:x",
            ],
            valid: ["a"],
            invalid: [nil]
        ),
        Case(
            testDescription: "a pointer has empty names too",
            schema: [
                "$defs": ["": ["$defs": ["": ["type": "number"]]]], "$ref": "#/$defs//$defs/",
            ],
            valid: [1],
            invalid: ["a"]
        ),
        Case(
            testDescription: "nothing inside a negation is known outside of it",
            schema: [
                "properties": ["a": true],
                "not": ["not": ["properties": ["b": ["const": 1]], "required": ["b"]]],
                "unevaluatedProperties": false,
            ],
            invalid: [["a": 1, "b": 1], ["b": 1]]
        ),
        Case(
            testDescription: "inside a negation what was looked at is known",
            schema: [
                "not": [
                    "anyOf": [true, ["properties": ["a": true]]], "unevaluatedProperties": false,
                ]
            ],
            valid: [["b": 1]],
            invalid: [["a": 1]]
        ),
        Case(
            testDescription: "each form that fits is looked into",
            schema: [
                "anyOf": [
                    ["properties": ["a": true], "required": ["a"]],
                    ["properties": ["b": true], "required": ["b"]],
                    ["dependentSchemas": ["c": ["properties": ["c": true]]]],
                    ["patternProperties": ["^d": ["type": "integer"]], "required": ["d"]],
                ],
                "unevaluatedProperties": false,
            ],
            valid: [["a": 1], ["a": 1, "b": 2, "c": 3, "d": 4, "dd": 5], [:], ["c": 1]],
            invalid: [["a": 1, "x": 1], ["a": 1, "d": "x"], ["x": 1]]
        ),
        Case(
            testDescription:
                "the branch that applies is looked into, and the condition if it holds",
            schema: [
                "if": ["properties": ["a": ["const": 1]], "required": ["a"]],
                "then": ["properties": ["b": true]], "else": ["properties": ["c": true]],
                "unevaluatedProperties": false,
            ],
            valid: [["a": 1, "b": 1], ["c": 1], [:]],
            invalid: [["a": 2], ["a": 1, "c": 1], ["b": 1]]
        ),
        Case(
            testDescription: "what one schema leaves is no business of a cousin",
            schema: [
                "allOf": [["properties": ["a": true]], ["unevaluatedProperties": false]]
            ],
            valid: [[:], 1],
            invalid: [["a": 1]]
        ),
        Case(
            testDescription: "an inner rest counts as looked at",
            schema: [
                "allOf": [["unevaluatedProperties": ["type": "integer"]]],
                "unevaluatedProperties": false,
            ],
            valid: [["a": 1]],
            invalid: [["a": "x"]]
        ),
        Case(
            testDescription: "the rest is found through a reference that goes in circles",
            schema: [
                "properties": ["next": ["$ref": "#"]], "unevaluatedProperties": false,
            ],
            valid: [["next": ["next": [:]]]],
            invalid: [["next": ["other": 1]], ["other": 1]]
        ),
        Case(
            testDescription: "elements by position, by content and the rest",
            schema: [
                "prefixItems": [["type": "string"]],
                "anyOf": [["prefixItems": [true, ["const": 2]]], true],
                "contains": ["const": "c"], "minContains": 0,
                "unevaluatedItems": ["type": "null"],
            ],
            valid: [["a"], ["a", 2], ["a", nil, "c", nil], ["c", "c"], ["a", 2, "c"]],
            invalid: [["a", 3], ["a", nil, 2], [1]]
        ),
        Case(
            testDescription: "items leaves nothing",
            schema: ["items": true, "unevaluatedItems": false],
            valid: [[1, 2], []]
        ),
        Case(
            testDescription: "elements that a reference looked at",
            schema: [
                "$ref": "#/$defs/pair", "unevaluatedItems": false,
                "$defs": ["pair": ["prefixItems": [true, true]]],
            ],
            valid: [[1, 2], "text"],
            invalid: [[1, 2, 3]]
        ),
        Case(
            testDescription: "names are no members that were looked at",
            schema: ["propertyNames": ["maxLength": 1], "unevaluatedProperties": false],
            invalid: [["a": 1]]
        ),
        Case(
            testDescription: "one form of several, and what it alone looked at",
            schema: [
                "oneOf": [
                    ["properties": ["a": true], "required": ["a"]],
                    ["properties": ["b": true], "required": ["b"]],
                ],
                "unevaluatedProperties": false,
            ],
            valid: [["a": 1], ["b": 1]],
            invalid: [["a": 1, "b": 1], ["a": 1, "c": 1]]
        ),
    ]) func `a reference leads there, and the rest is what nothing looked at`(each: Case) throws {
        let schema = try Schema(each.schema)
        for value in each.valid { #expect(schema.validate(value).isEmpty, "\(value.compactText)") }
        for value in each.invalid {
            #expect(!schema.validate(value).isEmpty, "\(value.compactText)")
        }
        // The metaschema, dynamic itself, has nothing against any of them.
        let metaschema = try Schema(["$ref": "https://json-schema.org/draft/2020-12/schema"])
        #expect(metaschema.validate(each.schema).isEmpty)
    }

    @Test func `a metaschema of one's own extends the draft's at every level`() throws {
        let schema = try Schema([
            "$id": "urn:own", "$dynamicAnchor": "meta",
            "$ref": "https://json-schema.org/draft/2020-12/schema",
            "properties": ["owner": ["type": "string"]],
        ])
        #expect(schema.allows(["owner": "ann", "items": ["not": ["owner": "bob"]]]))
        let failures = schema.validate(["items": ["not": ["owner": 1]], "minItems": -1])
        #expect(failures.map(\.pointer.description) == ["/items/not/owner", "/minItems"])
    }

    @Test(arguments: [
        ("http://a/b/c/d;p?q", "../g", "http://a/b/g"),
        ("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"),
        ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"),
        ("http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"),
        ("http://a/b/c/d;p?q", "//g", "http://g"), ("http://a/b/c/d;p?q", "/../g", "http://a/g"),
        ("http://a/b/c/d;p?q", "../../../../g", "http://a/g"),
        ("http://a/b/c/d;p?q", ".", "http://a/b/c/"),
        ("http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"),
        ("http://a/b/c/d;p?q", "..", "http://a/b/"),
        ("http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"), ("http://a", "g", "http://a/g"),
        ("http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"), ("urn:a:b", "g:h", "g:h"),
        ("/folder/root.json", "item.json", "/folder/item.json"),
        ("http://a/b/c/d;p?q", "g.", "http://a/b/c/g."),
    ]) func `relative references are seen from their base`(
        base: String,
        reference: String,
        expected: String
    ) throws {
        // The root is itself where the reference leads to it.
        let target: JSON = ["$id": .string(expected), "const": "there"]
        let schema = try Schema([
            "$id": .string(base), "properties": ["a": ["$ref": .string(reference)]],
            "$defs": expected == base ? [:] : ["target": target],
        ])
        #expect(schema.allows(["a": "there"]))
        #expect(schema.allows(["a": "elsewhere"]) == (expected == base))
    }
}
