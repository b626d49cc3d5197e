import TestSupport
import Testing
import Values

@testable import Expressions

/// What a condition asks of one field, by which what it is about is found without asking it.
struct RequiredEqualityTests {
    private let environment = ExpressionEnvironment(variables: [
        Variable("event", .dyn), Variable("input", .dyn), Variable("now", .timestamp),
    ])

    private func program(_ text: String) throws -> Program {
        try environment.compile(SourceFragment(name: "<test>", text: text), expecting: .bool)
    }

    private func equality(_ text: String) throws -> RequiredEquality? {
        environment.requiredEquality(of: try program(text), on: "event", without: ["now"])
    }

    @Test(arguments: [
        ("event.data.order == input.order", ["data", "order"]),
        ("input.order == event.data.order", ["data", "order"]),
        ("event['data'].order == input.order", ["data", "order"]),
        ("event.kind == 'a' && event.id == input.id", ["id"]),
        ("input.n > 3 && (event.n > 1 && event.id == input.id + 'x')", ["id"]),
        ("event.a == input.a && event.b == input.b", ["a"]),
        ("event.sum == [1, input.n].map(x, x * 2)[1]", ["sum"]),
    ])
    func `one field must have a value`(_ text: String, _ path: [String]) throws {
        #expect(try equality(text)?.path == path)
    }

    @Test(arguments: [
        "event.id == 'a'", "event.id != input.id", "event.id == input.id || input.any",
        "!(event.id == input.id)", "event.id == event.other", "event == input",
        "event.?id == input.id", "event.ids[input.n] == input.id", "event.id in [input.id]",
        "input.any ? event.id == input.id : true", "event.at == string(now)",
        "event.id == input.ids.filter(x, x == event.id)[0]",
    ])
    func `nothing is asked that holds for certain, or that the time or the event itself says`(
        _ text: String
    ) throws {
        #expect(try equality(text) == nil)
    }

    @Test func `equal values have one text, others have others`() {
        let values: [ExpressionValue] = [
            .int(7), .uint(7), .double(7), .double(7.5), .string("7"), .bool(true), .null,
            .int(.max), .uint(.max), .double(1e19), .uint(1 << 63),
            .int(1 << 53 + 1), .double(9_007_199_254_740_992), .string(""), .int(0), .double(-0.0),
        ]
        for one in values {
            for other in values {
                guard let text = one.equalityText, let otherText = other.equalityText else {
                    // Neither is found by a text, or the two differ.
                    #expect(one.equalityText == other.equalityText || one != other)
                    continue
                }
                #expect((text == otherText) == (one == other), "\(one), \(other)")
            }
        }
        for value in [
            ExpressionValue.double(.nan), .double(.infinity), .list([.int(1)]), .bytes([1]),
        ] {
            #expect(value.equalityText == nil)
        }
    }

    /// Where a condition holds, the field has the value: nothing that would match is passed over.
    @Test(arguments: SeededGenerator.seeds)
    func `what a condition holds for is found by its text`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values: [JSON] = [1, 1.0, 2, "1", "a", true, .null, 2.5, ["a"], [:]]
        let texts = [
            "event.id == input.id", "event.id == input.id && event.n == 1",
            "event.n == 1 && input.id == event.id", "event.gone == 1 && event.id == input.id",
            "event.id == input.id && (event.n == 1 || event.n == 'a')",
        ]
        var held = 0
        for _ in 0..<400 {
            let text = texts[Int.random(in: 0..<texts.count, using: &random)]
            let pick = { values[Int.random(in: 0..<values.count, using: &random)] }
            let event: JSON = ["id": pick(), "n": pick()]
            var bindings = Bindings(environment)
            bindings.set("event", json: event)
            bindings.set("input", json: ["id": pick()])
            guard case .holds = try program(text).condition(bindings) else { continue }
            held += 1
            let asked = try #require(try equality(text))
            let wanted = try asked.value.evaluate(bindings)
            guard let wantedText = wanted.equalityText else { continue }
            let field = try #require(event["id"])
            #expect(ExpressionValue(field).equalityText == wantedText)
        }
        #expect(held > 4)
    }
}
