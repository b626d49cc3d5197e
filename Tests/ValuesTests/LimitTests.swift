import Testing
import Values

/// Every limit of this module, reached; those of JSON texts are in `JSONTests`.
struct LimitTests {
    @Test func `of many diagnostics the first hundred are kept, in the order of the file`() {
        let source = SourceText(
            name: "a.yaml",
            text: String(repeating: "x\n", count: Limits.diagnostics + 1)
        )
        let list = (0...Limits.diagnostics).reversed().map { line in
            Diagnostic("wrong", at: SourceRange(source, 2 * line..<2 * line + 1))
        }
        let kept = Diagnostics(list).list
        #expect(kept.map(\.position.line) == Array(1...Limits.diagnostics))
    }

    @Test func `of many failures of a schema the first hundred are told, and how many more`() throws
    {
        let schema = try Schema(["items": ["type": "string"]])
        let failures = schema.validate(numbers(Limits.schemaFailures + 2))
        #expect(
            failures.dropLast().map(\.pointer.description)
                == (0..<Limits.schemaFailures).map { "/\($0)" }
        )
        #expect(failures.last?.description == "and 2 more")
        #expect(failures.last?.keyword == "limit")
        #expect(schema.validate(numbers(Limits.schemaFailures)).count == Limits.schemaFailures)
    }

    @Test func `a schema has at most so many parts`() throws {
        // The root is a part too.
        let most = Limits.schemaRules - 1
        #expect(try Schema(["allOf": parts(most)]).validate(1).isEmpty)
        let error = #expect(throws: Diagnostics.self) { try Schema(["allOf": parts(most + 1)]) }
        #expect(
            error?.list.map(\.message) == ["a schema must not have more than 10000 parts"]
        )
    }

    @Test func `a value is followed down to a depth and no further`() throws {
        let schema = try Schema(["properties": ["next": ["$ref": "#"]]])
        let levels = Limits.schemaDepth - 1
        #expect(schema.validate(chain(levels)).isEmpty)
        let failures = schema.validate(chain(levels + 1))
        #expect(failures.map(\.message) == [Self.tooDeep])
        #expect(failures.first?.keyword == "limit")
        #expect(failures.first?.pointer.tokens.count == levels + 1)
        #expect(!schema.allows(chain(levels + 1)))
    }

    @Test(arguments: ["not", "anyOf", "oneOf", "if"])
    func `a limit reached inside a keyword that looks past failures lets no value in`(
        keyword: String
    ) throws {
        let deep: JSON = ["$ref": "#/$defs/deep"]
        let schema = try Schema([
            "$defs": ["deep": ["properties": ["next": ["$ref": "#/$defs/deep"]]]],
            "allOf": [
                .object(
                    JSONObject(uniqueMembers: [
                        .init(keyword, ["not", "if"].contains(keyword) ? deep : [deep, true])
                    ])
                )
            ],
        ])
        let failures = schema.validate(chain(Limits.schemaDepth + 1))
        #expect(failures.map(\.message) == [Self.tooDeep])
    }

    @Test func `words are looked for so long and no longer`() throws {
        // Two forms of each level, and so twice as many to look into as one level above.
        let schema = try Schema([
            "$defs": [
                "tree": [
                    "anyOf": [
                        ["properties": ["next": ["$ref": "#/$defs/tree"]], "required": ["end"]],
                        [
                            "properties": ["next": ["$ref": "#/$defs/tree"]],
                            "required": ["end", "b"],
                        ],
                    ]
                ]
            ], "$ref": "#/$defs/tree",
        ])
        let failures = schema.validate(chain(40))
        #expect(failures.first?.message.hasPrefix("fits none of the 2 allowed forms") == true)
        #expect(failures.last?.message == "and others not looked for")
    }

    @Test func `a failure is found and told as deep as a value is followed`() throws {
        let schema = try Schema([
            "properties": ["next": ["$ref": "#"]],
            "additionalProperties": ["anyOf": [false, false]],
        ])
        var value: JSON = ["wrong": 1]
        for _ in 0..<Limits.schemaDepth - 4 { value = ["next": value] }
        #expect(schema.validate(value).first?.pointer.tokens.count == Limits.schemaDepth - 3)
    }

    @Test func `the place of a limit is that of the value it stopped at`() throws {
        let schema = try Schema([
            "$defs": ["deep": ["properties": ["next": ["$ref": "#/$defs/deep"]]]],
            "contains": ["$ref": "#/$defs/deep"], "minContains": 2,
        ])
        let failures = schema.validate([[:], chain(Limits.schemaDepth + 1), 1, 2])
        #expect(failures.map(\.message) == [Self.tooDeep])
        #expect(failures.first?.pointer.tokens.prefix(2) == ["1", "next"])
        #expect(failures.first?.pointer.tokens.contains("2") == false)
    }

    @Test func `of the names of a large schema the first are compared with one not known`() throws {
        func schema(_ before: Int) throws -> Schema {
            let names = (0..<before).map { "p\($0)" } + ["amount"]
            let members = names.map { JSONObject.Member($0, true) }
            return try Schema([
                "properties": .object(JSONObject(uniqueMembers: members)),
                "additionalProperties": false,
            ])
        }
        let told = "/amuont: is not a field of this schema"
        #expect(
            try schema(Limits.namesCompared - 1).validate(["amuont": 1]).map(\.description)
                == [told + "; did you mean 'amount'?"]
        )
        #expect(
            try schema(Limits.namesCompared).validate(["amuont": 1]).map(\.description) == [told]
        )
    }

    @Test(arguments: [
        ##"{"$ref":"#"}"##, ##"{"not":{"$ref":"#"}}"##, ##"{"anyOf":[true,{"$ref":"#"}]}"##,
        ##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
        ##"{"$dynamicAnchor":"x","allOf":[{"$dynamicRef":"#x"}]}"##,
        ##"{"if":true,"then":{"$ref":"#"}}"##, ##"{"dependentSchemas":{"a":{"$ref":"#"}}}"##,
    ]) func `a schema that leads back to itself within one value is a mistake`(text: String) throws
    {
        let document = try JSON.read(text)
        let error = try #require(throws: Diagnostics.self) { try Schema(document) }
        #expect(error.list.count == 1)
        #expect(error.list.first?.message.contains("leads back to itself") == true)
    }

    @Test func `a text of a hundred thousand schemas inside each other is refused`() throws {
        let count = 100_000
        let text =
            String(repeating: #"{"not":"#, count: count) + "true"
            + String(repeating: "}", count: count)
        let error = try #require(throws: JSONError.self) { try JSON.read(text) }
        #expect(error.code == .tooDeep)
    }

    @Test(arguments: [Limits.schemaNesting, Limits.schemaNesting + 1, 100_000])
    func `schemas are nested so deep and no deeper`(count: Int) throws {
        var document: JSON = true
        for _ in 0..<count { document = ["not": document] }
        if count <= Limits.schemaNesting {
            #expect(try Schema(document).validate(1).isEmpty == count.isMultiple(of: 2))
        } else {
            let error = try #require(throws: Diagnostics.self) { try Schema(document) }
            #expect(
                error.list.map(\.message)
                    == ["a schema must not be nested more than \(Limits.schemaNesting) deep"]
            )
        }
        // Taken apart from outside, as its own end would go as deep as it is nested.
        while case .object(let object) = document { document = object["not"] ?? true }
    }

    @Test func `a schema whose dynamic references multiply its parts is refused`() throws {
        // Each of the schemas names every other one in a scope of its own.
        let names = (0..<18).map { "s\($0)" }
        let references = JSON.array(names.map { ["$ref": .string("urn:\($0)#/$defs/go")] })
        let definitions = names.map { name in
            JSONObject.Member(
                name,
                [
                    "$id": .string("urn:\(name)"),
                    "$defs": [
                        "mark": ["$dynamicAnchor": .string(name)],
                        "go": ["properties": ["x": ["anyOf": references]]],
                    ],
                ]
            )
        }
        let document: JSON = [
            "$defs": .object(JSONObject(uniqueMembers: definitions)), "anyOf": references,
        ]
        let error = try #require(throws: Diagnostics.self) { try Schema(document) }
        #expect(error.list.count == 1)
        let words = "a schema must not come to more than \(Limits.schemaExpandedRules) parts (at "
        #expect(error.list.first?.message.hasPrefix(words) == true)
    }

    @Test func `of many forms the first ones are looked into for the nearest`() throws {
        let far: [JSON] = Array(
            repeating: ["properties": ["kind": ["const": "other"]]],
            count: Limits.formsExplained
        )
        let near: JSON = ["properties": ["size": ["type": "integer"]]]
        let value: JSON = ["kind": "own", "size": "large"]
        let last = try Schema(["anyOf": .array(Array(far.dropLast() + [near]))]).validate(value)
        #expect(last.last?.description == "/size: expected integer; got a string")
        let beyond = try Schema(["anyOf": .array(far + [near])]).validate(value)
        #expect(beyond.last?.description == "/kind: expected other; got 'own'")
    }

    @Test func `groups of a pattern are nested so deep and no deeper`() throws {
        func pattern(_ depth: Int) -> JSON {
            let open = String(repeating: "(", count: depth)
            return ["pattern": .string(open + "a" + String(repeating: ")", count: depth))]
        }
        // The pattern as a whole is one level.
        #expect(try Schema(pattern(Limits.patternDepth - 1)).validate("a").isEmpty)
        let error = #expect(throws: Diagnostics.self) { try Schema(pattern(Limits.patternDepth)) }
        #expect(error?.list.first?.message.contains("more than 200 deep") == true)
    }

    @Test(arguments: [Limits.elementsCompared, Limits.elementsCompared + 1])
    func `few and many elements are told apart alike`(count: Int) throws {
        let schema = try Schema(["uniqueItems": true])
        let distinct = (0..<count).map { JSON.array([.int(Int64($0)), "a"]) }
        #expect(schema.validate(.array(distinct)).isEmpty)
        let again = distinct.dropLast() + [.array([0.0, "a"])]
        #expect(
            schema.validate(.array(Array(again))).map(\.message) == [
                "has an element twice: [0,\"a\"]"
            ]
        )
    }

    @Test(arguments: [false, true])
    func `a validation ends after so many steps, even inside a negation`(negated: Bool) throws {
        // Each definition applies the next one twice: 2 to the 22nd in all.
        let levels = 22
        let definitions = (0...levels).map { level -> JSONObject.Member in
            let next: JSON = ["$ref": .string("#/$defs/d\(level + 1)")]
            return .init("d\(level)", level == levels ? true : ["allOf": [next, next]])
        }
        let first: JSON = ["$ref": "#/$defs/d0"]
        let schema = try Schema([
            "$defs": .object(JSONObject(uniqueMembers: definitions)),
            "allOf": [negated ? ["not": first] : first],
        ])
        #expect(schema.validate(1).map(\.message) == [Self.tooMuch])
    }

    @Test func `of a long enumeration the first members are told`() throws {
        let members = (1...Limits.namesShown).map { JSON.string("m\($0)") }
        let shown = "expected one of m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12"
        #expect(
            try Schema(["enum": .array(members)]).validate(0).map(\.message) == ["\(shown); got 0"]
        )
        #expect(
            try Schema(["enum": .array(members + ["m13"])]).validate(0).map(\.message)
                == ["\(shown), …; got 0"]
        )
    }

    // MARK: Values of a size

    private static let tooDeep = "needs more than \(Limits.schemaDepth) schemas inside each other"
    private static let tooMuch = "takes more than \(Limits.schemaSteps) steps to check"

    private func numbers(_ count: Int) -> JSON { .array(Array(repeating: 1, count: count)) }

    private func parts(_ count: Int) -> JSON { .array(Array(repeating: true, count: count)) }

    private func chain(_ levels: Int) -> JSON {
        (0..<levels).reduce([:]) { inner, _ in ["next": inner] }
    }
}
