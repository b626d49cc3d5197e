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

    @Test func `of many failures of a schema the first hundred are kept`() throws {
        let schema = try Schema(["items": ["type": "string"]])
        let failures = schema.validate(numbers(Limits.schemaFailures + 1))
        #expect(
            failures.map(\.pointer.description) == (0..<Limits.schemaFailures).map { "/\($0)" }
        )
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
        // Each level is two schemas: the property's own and the one it refers to.
        let levels = (Limits.schemaDepth - 1) / 2
        #expect(schema.validate(chain(levels)).isEmpty)
        let failures = schema.validate(chain(levels + 1))
        #expect(failures.map(\.message) == [Self.tooMuch])
        #expect(failures.first?.pointer.tokens.count == levels + 1)
    }

    @Test func `a schema that goes in circles ends at the depth, even inside a negation`() throws {
        let circle = try Schema(["not": ["$ref": "#"]])
        #expect(circle.validate(1).map(\.message) == [Self.tooMuch])
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
        #expect(schema.validate(1).first?.message == Self.tooMuch)
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

    private static let tooMuch = "the schema goes in circles, or the value is too large for it"

    private func numbers(_ count: Int) -> JSON { .array(Array(repeating: 1, count: count)) }

    private func parts(_ count: Int) -> JSON { .array(Array(repeating: true, count: count)) }

    private func chain(_ levels: Int) -> JSON {
        (0..<levels).reduce([:]) { inner, _ in ["next": inner] }
    }
}
