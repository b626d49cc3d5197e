import Expressions
import Values

private let input: JSON = [
    "type": "object", "required": ["amount", "message", "customer", "items"],
    "properties": [
        "amount": ["type": "number"], "count": ["type": "integer"],
        "message": ["type": "string"], "when": ["type": "string"],
        "customer": [
            "type": "object", "required": ["id"],
            "properties": [
                "id": ["type": "string"], "tier": ["enum": ["new", "standard", "gold"]],
            ],
        ],
        "items": ["type": "array", "items": ["type": "integer"]],
    ],
]

private let variables = [
    Variable("input", ExpressionType(schema: input)), Variable("x", .dyn), Variable("y", .dyn),
    Variable("i", .int), Variable("d", .double), Variable("s", .string), Variable("b", .bool),
    Variable("now", .timestamp), Variable("l", .list(.dyn)), Variable("m", .map(.string, .dyn)),
]

private let environments = [
    ExpressionEnvironment(variables: variables, rules: .admins),
    ExpressionEnvironment(variables: variables, rules: .standard),
]

private struct Values {
    let input: JSON
    let x: ExpressionValue
    let y: ExpressionValue
    let i: Int64
    let d: Double
    let s: String

    func bindings(_ environment: ExpressionEnvironment) -> Bindings {
        var bindings = Bindings(environment)
        // A null is absent for admins only; for the language's own rules it would be no integer.
        let isNullAbsent = environment.rules == .admins || input["count"]?.isNull != true
        let given = input.object?.setting("count", to: 7) ?? JSONObject()
        bindings.set("input", json: isNullAbsent ? input : .object(given))
        bindings.set("x", to: x)
        bindings.set("y", to: y)
        bindings.set("i", to: .int(i))
        bindings.set("d", to: .double(d))
        bindings.set("s", to: .string(s))
        bindings.set("b", to: .bool(i > 0))
        bindings.set("now", to: .timestamp(Timestamp(Instant(microseconds: i % 1_000_000_000_000))))
        bindings.set("l", to: .list([x, y, .int(i), .string(s)]))
        bindings.set("m", json: ["a": 1, "b": .string(s), "c": [1, 2], "d": input])
        return bindings
    }
}

private let samples = [
    Values(
        input: [
            "amount": 20, "message": "where is my order?", "customer": ["id": "C-1"],
            "items": [1, 2, 3],
        ],
        x: .int(1),
        y: .string("a"),
        i: 1,
        d: 0.5,
        s: "gold"
    ),
    Values(
        input: [
            "amount": 20.5, "count": 7, "message": "", "when": "2026-01-01T00:00:00Z",
            "customer": ["id": "", "tier": "gold"], "items": [],
        ],
        x: .list([.int(1), .double(2), .null]),
        y: .double(.nan),
        i: .min,
        d: -.infinity,
        s: "\u{1F600}e\u{301}"
    ),
    Values(
        input: [
            "amount": -1, "count": .null, "message": "a b", "customer": ["id": "x", "tier": "new"],
            "items": [9_223_372_036_854_775_807],
        ],
        x: .uint(.max),
        y: .bytes([0, 255]),
        i: .max,
        d: 1e300,
        s: "2h"
    ),
]

/// CEL: each line is compiled and evaluated, and a line that implies the next holds only where the
/// next does.
@Sendable
func fuzzExpressions(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A, maxSplits: 1).map {
        String(decoding: $0, as: UTF8.self)
    }
    for environment in environments {
        let programs = lines.map { compile($0, environment) }
        for case let program? in programs { evaluate(program, environment) }
        if programs.count == 2, let first = programs[0], let second = programs[1] {
            compare(first, second, environment)
        }
    }
}

private func compile(_ text: String, _ environment: ExpressionEnvironment) -> Program? {
    do {
        return try environment.compile(SourceFragment(name: "e", text: text))
    } catch {
        error.holdPlaces(in: Array(text.utf8), named: "e")
        return nil
    }
}

private func evaluate(_ program: Program, _ environment: ExpressionEnvironment) {
    for sample in samples {
        let bindings = sample.bindings(environment)
        let first = value(program, bindings)
        hold(first.text == value(program, bindings).text, "evaluated twice, it has two values")
        guard case .value(let found) = first else { continue }
        hold(fits(found, program.resultType), "\(found) is no \(program.resultType)")
        guard program.resultType == .bool, case .bool(let truth) = found else { continue }
        hold(program.condition(bindings) == (truth ? .holds : .fails), "a condition says otherwise")
        hold(!(truth && program.isConstantFalse), "it holds, and is said never to")
    }
}

private func compare(_ first: Program, _ second: Program, _ environment: ExpressionEnvironment) {
    guard first.resultType == .bool, second.resultType == .bool, first.implies(second) else {
        return
    }
    for sample in samples {
        let bindings = sample.bindings(environment)
        guard first.condition(bindings) == .holds else { continue }
        hold(second.condition(bindings) != .fails, "it holds, and what it implies does not")
    }
}

private enum Outcome {
    case value(ExpressionValue)
    case error(EvaluationError)

    var text: String { "\(self)" }
}

private func value(_ program: Program, _ bindings: Bindings) -> Outcome {
    do {
        return .value(try program.evaluate(bindings))
    } catch {
        hold(!error.message.isEmpty, "an evaluation fails without a reason")
        return .error(error)
    }
}

/// Whether a value is of the type the checker found, as far as one look tells.
private func fits(_ value: ExpressionValue, _ type: ExpressionType) -> Bool {
    switch type {
    case .bool: if case .bool = value { true } else { false }
    case .int: if case .int = value { true } else { false }
    case .uint: if case .uint = value { true } else { false }
    case .string, .enumeration: if case .string = value { true } else { false }
    case .bytes: if case .bytes = value { true } else { false }
    case .timestamp: if case .timestamp = value { true } else { false }
    case .duration: if case .duration = value { true } else { false }
    case .list:
        switch value {
        case .list, .array: true
        default: false
        }
    case .map:
        switch value {
        case .map, .object: true
        default: false
        }
    default: true
    }
}
