import Foundation
import Testing
import Values

@testable import Expressions

/// "CEL for admins": what is read differently, and what is told at load with its fix.
struct AdminTests {
    private let environment = ExpressionEnvironment(
        variables: [
            Variable(
                "input",
                .object(
                    ObjectType([
                        .init("amount", .double), .init("count", .int),
                        .init("note", .string, isOptional: true),
                        .init("limit", .double, isOptional: true),
                        .init("tier", .enumeration(.init(["new", "standard", "gold"]))),
                        .init("colour", .enumeration(.init(["red", "green"])), isOptional: true),
                        .init("tags", .list(.string), isOptional: true),
                        .init(
                            "address",
                            .object(ObjectType([.init("city", .string)])),
                            isOptional: true
                        ),
                        .init(
                            "items",
                            .list(.object(ObjectType([.init("sku", .string, isOptional: true)])))
                        ),
                    ])
                )
            ),
            Variable("now", .timestamp),
        ],
        zones: { $0 == "Test/Zone" ? .utc : nil }
    )

    private let whole: JSON = [
        "amount": 20.0, "count": 3, "note": .null, "tier": "gold",
        "items": [["sku": "a"], [:] as JSON],
    ]

    private func problem(_ text: String) throws -> Diagnostic {
        let all = try #require(throws: Diagnostics.self) {
            try environment.compile(SourceFragment(name: "<condition>", text: text))
        }
        return all.list[0]
    }

    @Test(arguments: [
        "input.amount <= 20", "input.amount + 1 == 21", "20 * 2 < input.amount + (10 + 11)",
        "input.amount == (input.count > 2 ? 20 : 30)", "input.amount in [10, 20]",
        "input.?limit.orValue(5) < 6", "math.greatest(input.amount, 3) == 20",
        "math.round(7) == 7", "[input.amount, 1][1] == 1", "-input.amount < -5",
        "input.amount > 5 && input.count > 2",
        // Null is absent.
        "!has(input.note)", "input.?note.orValue('none') == 'none'", "!has(input.limit)",
        "!input.?note.hasValue() && input.?limit.optMap(l, l * 2).orValue(1) == 1",
        // What is guarded may be used.
        "!(has(input.note) && input.note == 'x')", "!has(input.note) || input.note == 'x'",
        "has(input.note) ? input.note == 'x' : true",
        "!(!has(input.note)) ? input.note == 'x' : true",
        "!has(input.address) || input.address.city == 'Bonn'",
        "!(has(input.note) && has(input.tags) && input.note in input.tags)",
        "!has(input.note) || !has(input.limit) || input.note == 'x' && input.limit > 2",
        "!(has(input.note) && (input.note == 'a' || has(input.limit)) && input.note == 'b')",
        "(has(input.note) || has(input.limit)) ? true : true",
        "input.items.exists(i, has(i.sku) && i.sku == 'a')",
        "has(input.items[0].sku) && input.items[0].sku == 'a'",
        "input.items.map(i, has(i.sku), i.sku) == ['a']",
        "input.items.transformList(n, i, has(i.sku), i.sku) == ['a']",
        "has(input['address']) || true",
        "input.?colour.orValue('none') == 'none'", "input.tier in ['gold', 'new']",
        "now.getHours('Test/Zone') == now.getHours('+00:00')",
    ])
    func `an admin's condition means what it says`(text: String) throws {
        let text = text.replacing("has(input['address']) || true", with: "true")
        let program = try environment.compile(
            SourceFragment(name: "<condition>", text: text),
            expecting: .bool
        )
        var bindings = Bindings(environment)
        bindings.set("input", json: whole)
        bindings.set("now", to: .timestamp(Timestamp(Instant(microseconds: 0))))
        #expect(program.condition(bindings) == .holds, "\(text)")
    }

    @Test(
        arguments: [
            (
                "input.note == 'x'", "'input.note' may be absent, and then this has no value",
                "write 'has(input.note) && …', or 'input.?note.orValue('')'"
            ),
            (
                "has(input.note) || input.note == 'x'",
                "'input.note' may be absent, and then this has no value",
                "write 'has(input.note) && …', or 'input.?note.orValue('')'"
            ),
            (
                "input.note == null", "'input.note' may be absent, and null counts as absent",
                "write '!has(input.note)'"
            ),
            (
                "input.note != null", "'input.note' may be absent, and null counts as absent",
                "write 'has(input.note)'"
            ),
            (
                "input['note'] == 'x'", "'input' may have no 'note', and then this has no value",
                "write 'input.?note.orValue('')'"
            ),
            (
                "has(input.note) && input.items.exists(input, input.sku == 'x')",
                "'input.sku' may be absent, and then this has no value",
                "write 'has(input.sku) && …', or 'input.?sku.orValue('')'"
            ),
            (
                "input.tier == 'glod'", "'glod' is no member; expected one of new, standard, gold",
                "write 'gold'"
            ),
            (
                "input.?colour.orValue('none') == 'gren'",
                "'gren' is no member; expected one of red, green, none", "write 'green'"
            ),
            (
                "has(input.colour) && input.colour == input.tier",
                "these are never equal: one is one of red, green, the other one of new, standard, gold",
                nil
            ),
            (
                "input.?limit > 5", "'>' does not take optional double and int",
                "add '.orValue(0.0)' to what may be absent"
            ),
            (
                "input.amont > 5",
                "'input' has no field 'amont'; it has amount, count, note, limit, tier, colour, tags, address, items",
                "write 'input.amount'"
            ),
            ("inptu.amount > 5", "there is no 'inptu' here; known are input, now", "write 'input'"),
            ("input.tier.length() > 2", "there is no function 'length'", "write 'size'"),
            ("math.max(1, 2) > 2", "there is no function 'math.max'", "write 'math.greatest'"),
            ("'a' in input.tier", "'in' looks into a list or a map; 'input.tier' is a text", nil),
            (
                "input.count == 'x'", "int and string are never equal",
                "convert one side with string(), int() or double()"
            ),
            (
                "input.tier.startsWith(3)",
                "startsWith() does not take string, int; it is called as string.startsWith(string)",
                nil
            ),
            (
                "now.getHours('Test/Zon') == 1", "there is no time zone 'Test/Zon' here",
                "write a name such as 'Europe/Berlin', or an offset such as '+02:00'"
            ),
            ("input.tier.matches('(')", "the pattern does not compile: missing ): (", nil),
            ("math.greatest() > 1", "math.greatest() needs at least one number", nil),
            (
                "[1].all(a, a, a > 1)", "the two variables of all() have one name",
                "give the second a name of its own"
            ),
            (
                "now > '2024-01-01T00:00:00Z'", "'>' does not take timestamp and string",
                "convert the text with timestamp()"
            ),
            (
                "now - now > '1h'", "'>' does not take duration and string",
                "convert the text with duration()"
            ),
            ("input.count = 3", "'=' has no meaning here", "write '==' to compare"),
        ] as [(String, String, String?)]
    )
    func `what is wrong is told with its fix`(
        text: String,
        message: String,
        fix: String?
    ) throws {
        let problem = try problem(text)
        #expect(problem.message == message)
        if let fix { #expect(problem.fix == fix) }
    }

    @Test(arguments: [
        "input.amount + 1 == 21", "input.amount / 8 == 2.5", "input.count % 2 == 1",
        "math.round(input.amount) == 20", "input.?limit.orValue(0) + 0.5 == 7.5",
        "input.prices.sort() == [1, 2.5]", "input.prices.all(p, p * 2 >= 2)",
        "input.lines.map(l, l.price * 1.5) == [3.0]", "input.lines[0].price + 0.5 == 2.5",
        "input.rates['a'] + 0.5 == 1.5", "input.rates.exists(k, r, r * 2 == 2)",
        "[input.amount, input.prices[1]].sort()[0] == 1", "type(input.amount) == double",
        "cel.bind(a, input.amount, a + 1 == 21)", "has(input.limit) && input.limit + 1 == 8",
        "input.?prices[?1].orValue(0) + 0.5 == 1.5",
    ])
    func `a number is a double and an integer an int, however JSON writes them`(
        text: String
    ) throws {
        let schema: JSON = [
            "type": "object", "required": ["amount", "count", "prices", "lines", "rates"],
            "properties": [
                "amount": ["type": "number"], "count": ["type": "integer"],
                "limit": ["type": "number"],
                "prices": ["type": "array", "items": ["type": "number"]],
                "lines": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["price"],
                        "properties": ["price": ["type": "number"]],
                    ],
                ],
                "rates": ["type": "object", "additionalProperties": ["type": "number"]],
            ],
        ]
        let environment = ExpressionEnvironment(
            variables: [Variable("input", ExpressionType(schema: schema))]
        )
        let program = try environment.compile(
            SourceFragment(name: "<condition>", text: text),
            expecting: .bool
        )
        var bindings = Bindings(environment)
        bindings.set(
            "input",
            json: [
                "amount": 20, "count": 3.0, "limit": 7, "prices": [2.5, 1],
                "lines": [["price": 2]], "rates": ["a": 1],
            ]
        )
        #expect(program.condition(bindings) == .holds, "\(text)")
    }

    @Test(
        arguments: [
            (["type": "array", "items": ["type": ["string", "null"]]], .list(.dyn)),
            (
                [
                    "type": "array", "prefixItems": [["type": "string"]],
                    "items": ["type": "integer"],
                ], .list(.dyn)
            ),
            (["type": "array", "items": ["$id": "x", "type": "string"]], .list(.dyn)),
            (["$id": "x", "type": "array", "items": ["type": "string"]], .list(.string)),
            (["type": ["integer", "null"]], .dyn),
            (["const": "a"], .enumeration(.init(["a"]))),
            (["type": "object", "additionalProperties": ["type": "integer"]], .map(.string, .int)),
            (["type": "object", "patternProperties": [".": true]], .map(.string, .dyn)),
            (
                [
                    "$ref": "#/$defs/a",
                    "$defs": [
                        "a": [
                            "type": "object", "required": ["n"],
                            "properties": ["n": ["$ref": "#/$defs/n"]],
                        ],
                        "n": ["type": ["string", "null"]],
                    ],
                ], .object(ObjectType([.init("n", .string, isOptional: true)]))
            ),
        ] as [(JSON, ExpressionType)]
    )
    func `a type holds whatever its schema accepts`(schema: JSON, type: ExpressionType) {
        #expect(ExpressionType(schema: schema) == type)
    }

    @Test func `a schema that refers to itself many times is read once`() {
        let properties = (0..<10).map { JSONObject.Member("p\($0)", ["$ref": "#"]) }
        let schema: JSON = .object(
            JSONObject(uniqueMembers: [
                .init("type", "object"),
                .init("properties", .object(JSONObject(uniqueMembers: properties))),
            ])
        )
        guard case .object(let object) = ExpressionType(schema: schema) else {
            Issue.record("this is an object")
            return
        }
        #expect(object.fields.count == 10)
    }

    @Test(
        arguments: [
            .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .list(.int),
            .map(.string, .int), .enumeration(.init(["a", "b"])), .dyn,
            .object(ObjectType([.init("x", .int)])),
        ] as [ExpressionType]
    )
    func `the fix that is printed checks`(type: ExpressionType) throws {
        let environment = ExpressionEnvironment(
            variables: [
                Variable("input", .object(ObjectType([.init("f", type, isOptional: true)]))),
                Variable("same", type),
            ]
        )
        func compile(_ text: String) throws {
            _ = try environment.compile(SourceFragment(name: "<condition>", text: text))
        }
        let told = try #require(throws: Diagnostics.self) { try compile("input.f == same") }
        let fix = try #require(told.list[0].fix)
        #expect(fix.hasPrefix("write 'has(input.f) && …'"))
        try compile("has(input.f) && input.f == same")
        if let start = fix.range(of: ", or '")?.upperBound {
            try compile("\(fix[start...].dropLast()) == same")
        }
    }

    @Test func `an error shows its place`() throws {
        let rendered = try problem("input.amount > 5 && input.tier == 'glod'").rendered
        #expect(
            rendered == """
                <condition>:1:35: error: 'glod' is no member; expected one of new, standard, gold
                 1 | input.amount > 5 && input.tier == 'glod'
                   |                                   ^^^^^^
                   = fix: write 'gold'
                """
        )
    }

    @Test func `a template's text has a limit`() throws {
        let node = Node(
            .scalar(.string("${{ input.note }}-${{ input.note }}")),
            range: SourceRange(SourceText(name: "policy.yaml", text: ""), 0..<0)
        )
        let plain = ExpressionEnvironment(
            variables: [Variable("input", .object(ObjectType([.init("note", .string)])))]
        )
        let template = try ValueTemplate(node, in: plain, expecting: .string)
        var bindings = Bindings(plain)
        bindings.set("input", json: ["note": "x"])
        #expect(try template.render(bindings) == "x-x")
        let half = String(repeating: "x", count: Expressions.Limits.textBytes / 2)
        bindings.set(
            "input",
            json: .object(JSONObject(uniqueMembers: [.init("note", .string(half))]))
        )
        let error = #expect(throws: EvaluationError.self) { try template.render(bindings) }
        #expect(error?.code == .cost)
    }
}
