import Testing
import Values

@testable import Expressions

/// Every limit of an expression, reached.
struct LimitTests {
    private static let fields = (0...Expressions.Limits.namesShown).map { "f\($0)" }

    private let environment = ExpressionEnvironment(
        variables: [
            Variable("list", .list(.int)), Variable("text", .string), Variable("bytes", .bytes),
            Variable(
                "input",
                .object(ObjectType(fields.map { .init($0, .int) } + [.init("x", .double)]))
            ),
            Variable("one", .enumeration(.init(fields))),
        ]
    )

    private func compile(_ text: String) throws -> Program {
        try environment.compile(SourceFragment(name: "<condition>", text: text))
    }

    private func problems(_ text: String) throws -> [String] {
        try #require(throws: Diagnostics.self) { try compile(text) }.list.map(\.message)
    }

    private func value(
        _ text: String,
        _ name: String,
        _ bound: ExpressionValue
    ) throws -> ExpressionValue {
        var bindings = Bindings(environment)
        bindings.set(name, to: bound)
        return try compile(text).evaluate(bindings)
    }

    private func times(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    // MARK: What is written

    @Test func `an expression has at most so many bytes`() throws {
        let most = "true" + times(Expressions.Limits.bytes - 4, " ")
        #expect(try compile(most).constant == .bool(true))
        #expect(try problems(most + " ") == ["an expression may have at most 100000 bytes"])
    }

    @Test func `an expression has at most so many tokens`() throws {
        // Brackets and, for each element, its number and a comma.
        let elements = (Expressions.Limits.tokens - 2) / 2
        #expect(
            try compile("[\(times(elements, "1,"))]").constant?.elementCount == elements
        )
        #expect(
            try problems("[\(times(elements, "1,"))1]")
                == ["an expression may have at most 50000 tokens"]
        )
    }

    @Test(arguments: [("(", ")"), ("[", "]"), ("size([", "])"), ("true ? 1 : ", "")])
    func `expressions stand inside each other down to a depth`(
        open: String,
        close: String
    ) throws {
        // A call with a list in it is two levels, and the innermost value is one.
        let levels = (Expressions.Limits.parseDepth - 1) / (open == "size([" ? 2 : 1)
        func nested(_ count: Int) -> String { times(count, open) + "1" + times(count, close) }
        _ = try compile(nested(levels))
        #expect(
            try problems(nested(levels + 1)) == ["expressions may be nested at most 250 deep"]
        )
    }

    @Test(arguments: [
        (before: "1", more: "+1"), ("1", "*1"), ("[[0]]", "[0]"), ("''", ".size()"), ("{}", ".a"),
        ("1", "==1"), ("(1+1)", "+(1+1)"),
    ])
    func `a chain of thousands is told, and does not end the process`(
        _ before: String,
        _ more: String
    ) throws {
        for count in [1_000, 20_000 / more.utf8.count] {
            let told = try problems(before + times(count, more))
            #expect(told.first?.contains("chain at most 500") == true, "\(told)")
        }
    }

    // MARK: What is evaluated

    @Test func `comprehensions inside each other take at most so many steps`() throws {
        let expression = "list.all(a, list.all(b, list.all(c, true)))"
        func list(_ count: Int) -> ExpressionValue {
            .list(Array(repeating: .int(1), count: count))
        }
        #expect(try value(expression, "list", list(20)) == .bool(true))
        let error = #expect(throws: EvaluationError.self) {
            try value(expression, "list", list(100))
        }
        #expect(error?.code == .cost)
        #expect(error?.message == "the expression takes more than 1000000 steps")
    }

    @Test func `a text that is built has at most so many bytes`() throws {
        let half = times(Expressions.Limits.textBytes / 2, "x")
        #expect(try value("text + text == ''", "text", .string(half)) == .bool(false))
        let error = #expect(throws: EvaluationError.self) {
            try value("text + text", "text", .string(half + "x"))
        }
        #expect(error?.code == .cost)
        #expect(error?.message == "a text would be larger than 10485760 bytes")
    }

    @Test func `bytes that are built are at most so many`() throws {
        let half = [UInt8](repeating: 1, count: Expressions.Limits.textBytes / 2)
        #expect(try value("bytes + bytes == b''", "bytes", .bytes(half)) == .bool(false))
        let error = #expect(throws: EvaluationError.self) {
            try value("bytes + bytes", "bytes", .bytes(half + [1]))
        }
        #expect(error?.message == "a text would be larger than 10485760 bytes")
    }

    // MARK: What is told

    @Test func `of more alternatives than are kept apart nothing is said`() throws {
        func among(_ count: Int) -> String {
            (0..<count).map { "input.x == \($0).0" }.joined(separator: " || ")
        }
        let most = Expressions.Limits.alternatives
        let bound = try compile("input.x < 1000.0")
        #expect(try compile(among(most)).implies(bound))
        #expect(try !compile(among(most + 1)).implies(bound))
        let narrow = "(\(among(8)))"
        let never = "input.x > 1000.0"
        #expect(try compile("\(narrow) && \(narrow) && \(never)").isConstantFalse)
        #expect(try !compile("(\(among(most + 1))) && \(never)").isConstantFalse)
    }

    @Test func `of many problems the first are told`() throws {
        let told = try problems("[" + times(2_000, "none.such(1), nothing(2), ") + "1]")
        #expect(told.count == Expressions.Limits.problems)
    }

    @Test func `types are known down to a depth of schemas`() {
        func nested(_ levels: Int) -> JSON {
            (0..<levels).reduce(["type": "integer"]) { inner, _ in
                ["type": "array", "items": inner]
            }
        }
        func isKnown(_ levels: Int) -> Bool {
            var type = ExpressionType(schema: nested(levels))
            while case .list(let inner) = type { type = inner }
            return type == .int
        }
        #expect(isKnown(Expressions.Limits.schemaDepth - 1))
        #expect(!isKnown(Expressions.Limits.schemaDepth))
        #expect(!isKnown(Values.Limits.jsonDepth))
    }

    @Test func `a list that is built has at most so many elements`() throws {
        let most = Expressions.Limits.listElements
        let half = ExpressionValue.list(Array(repeating: .int(1), count: most / 2))
        #expect(try value("(list + list).size()", "list", half) == .int(Int64(most)))
        let error = #expect(throws: EvaluationError.self) {
            try value("list + list + [1]", "list", half)
        }
        #expect(error?.message == "a list would have more than \(most) elements")
    }

    @Test func `many calls with types of their own are checked soon`() throws {
        let took = try ContinuousClock().measure {
            _ = try compile("[" + times(8_000, "size([]),") + "1]")
        }
        #expect(took < .seconds(20))
    }

    @Test func `of many fields and members the first are told`() throws {
        let shown = "f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11"
        #expect(try problems("input.zzz") == ["'input' has no field 'zzz'; it has \(shown)"])
        #expect(ExpressionType.enumeration(.init(Self.fields)).description == "one of \(shown)")
    }
}
