import TestSupport
import Testing
import Values

@testable import Expressions

/// The static estimate, the limit at run time, and cancellation.
struct CostTests {
    static let bounds = InputBounds(textBytes: 40, elements: 6, bytes: 2_000)

    static let environment = ExpressionEnvironment(variables: variables, rules: .standard)
    static let admins = ExpressionEnvironment(variables: variables)

    private static let variables = [
        Variable("n", .int), Variable("d", .double), Variable("s", .string),
        Variable("t", .string), Variable("b", .bool),
        Variable("ints", .list(.int)), Variable("texts", .list(.string)),
        Variable("m", .map(.string, .int)), Variable("any", .dyn),
        Variable(
            "o",
            .object(
                ObjectType([
                    .init("x", .int), .init("y", .string, isOptional: true),
                    .init("items", .list(.object(ObjectType([.init("k", .string)])))),
                ])
            )
        ),
    ]

    @Test(arguments: SeededGenerator.seeds, [ExpressionEnvironment.Rules.standard, .admins])
    func `no evaluation costs more than was estimated`(
        seed: UInt64,
        rules: ExpressionEnvironment.Rules
    ) throws {
        let environment = rules == .admins ? Self.admins : Self.environment
        var writer = ExpressionWriter(seed: seed)
        for _ in 0..<60 {
            let text = writer.any(depth: 4)
            let program = try environment.compile(
                SourceFragment(name: "<condition>", text: text)
            )
            let estimate = program.estimatedCost(Self.bounds)
            for _ in 0..<3 {
                let bindings = writer.bindings(environment, Self.bounds)
                let evaluation = program.evaluate(bindings, within: CostLimit(steps: 5_000_000))
                #expect(
                    evaluation.cost <= estimate,
                    "\(evaluation.cost) > \(estimate) for \(text)"
                )
            }
        }
    }

    @Test func `the estimate of a condition grows with its input`() throws {
        let program = try Self.environment.compile(
            SourceFragment(
                name: "<condition>",
                text: "o.items.exists(i, texts.exists(t, t == i.k))"
            )
        )
        let small = program.estimatedCost(.init(textBytes: 20, elements: 10, bytes: 1_000))
        let large = program.estimatedCost(.init(textBytes: 20, elements: 100, bytes: 10_000))
        #expect((50...150).contains(large / small))
    }

    @Test(arguments: [
        "texts.join('') == ''", "s + s == ''", "texts.map(x, x + x) == []", "ints + ints == []",
        "s.split('') == []", "s.replace('', 'xx') == ''", "texts.distinct() == []",
        "texts.sort() == []", "s.matches('(x+x+)+y')", "regex.extractAll(s, 'x*y|x') == []",
        "'%s'.format([texts]) == ''", "s.contains(t)", "size(s) == 1", "s < t", "s == t",
    ])
    func `work on more costs more`(text: String) throws {
        let program = try Self.environment.compile(
            SourceFragment(name: "<condition>", text: text)
        )
        func cost(_ count: Int) -> Int {
            let long = String(repeating: "x", count: 100 * count)
            var bindings = Bindings(Self.environment)
            bindings.set("s", to: .string(long))
            bindings.set("t", to: .string(long))
            bindings.set("texts", to: .list((0..<count).map { .string("x\($0)") }))
            bindings.set("ints", to: .list((0..<count).map { .int(Int64($0)) }))
            return program.evaluate(bindings, within: CostLimit()).cost
        }
        #expect(cost(1_000) > 50 * cost(10) / 10)
    }

    @Test func `an evaluation ends at its limit`() throws {
        let program = try Self.environment.compile(
            SourceFragment(name: "<condition>", text: "lists.range(n).all(i, i >= 0)")
        )
        var bindings = Bindings(Self.environment)
        bindings.set("n", to: .int(1_000))
        let whole = program.evaluate(bindings, within: CostLimit())
        #expect(try whole.result.get() == .bool(true))
        let cut = program.evaluate(bindings, within: CostLimit(steps: whole.cost - 1))
        #expect(throws: EvaluationError.self) { try cut.result.get() }
        #expect(
            try program.evaluate(bindings, within: CostLimit(steps: whole.cost)).result.get()
                == .bool(true)
        )
        let outcome = program.condition(bindings, within: CostLimit(steps: 10))
        #expect(
            outcome
                == .failed(EvaluationError(.cost, "the expression takes more than 10 steps"))
        )
    }

    @Test func `an evaluation that is cancelled ends, whatever is beside it`() throws {
        let program = try Self.environment.compile(
            SourceFragment(
                name: "<condition>",
                text: "lists.range(n).all(i, lists.range(n).all(j, i + j >= 0)) || true == b"
            )
        )
        var bindings = Bindings(Self.environment)
        bindings.set("n", to: .int(1_000))
        bindings.set("b", to: .bool(true))
        let evaluation = program.evaluate(
            bindings,
            within: CostLimit(steps: .max, isCancelled: { true })
        )
        let error = #expect(throws: EvaluationError.self) { try evaluation.result.get() }
        #expect(error?.code == .cancelled)
        #expect(evaluation.cost < 10 * Expressions.Limits.stepsBetweenChecks)
    }

    @Test func `what is small in memory and huge when written ends at the limit`() throws {
        var text = "[s, s]"
        for level in 0..<60 { text = "cel.bind(a\(level), \(text), [a\(level), a\(level)])" }
        let program = try Self.environment.compile(
            SourceFragment(name: "<condition>", text: text)
        )
        var bindings = Bindings(Self.environment)
        bindings.set("s", to: .string("x"))
        let error = #expect(throws: EvaluationError.self) { try program.evaluate(bindings) }
        #expect(error?.code == .cost)
        #expect(program.estimatedCost() == .max)
        let constant = try Self.environment.compile(
            SourceFragment(
                name: "<condition>",
                text: text.replacing("[s, s]", with: "[1, 1]")
            )
        )
        #expect(constant.constant == nil)
    }

    @Test func `a value that has a name is worked out once, also when it fails`() throws {
        func cost(_ uses: Int) throws -> Int {
            let body = Array(repeating: "x", count: uses).joined(separator: " && ")
            let program = try Self.environment.compile(
                SourceFragment(
                    name: "<condition>",
                    text: "cel.bind(x, lists.range(n).all(i, i / 0 == 1), \(body))"
                )
            )
            var bindings = Bindings(Self.environment)
            bindings.set("n", to: .int(500))
            return program.evaluate(bindings, within: CostLimit()).cost
        }
        #expect(try cost(20) < cost(1) + 100)
    }
}

/// Writes expressions that check, and inputs for them.
struct ExpressionWriter {
    private var generator: SeededGenerator
    private var depthOfNames = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }

    mutating func any(depth: Int) -> String {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return bool(depth)
        case 1: return int(depth)
        case 2: return text(depth)
        case 3: return ints(depth)
        case 4: return texts(depth)
        default: return map(depth)
        }
    }

    private mutating func name() -> String {
        depthOfNames += 1
        return "v\(depthOfNames)"
    }

    mutating func bool(_ depth: Int) -> String {
        if depth == 0 { return pick(["b", "true", "(n > 0)", "(s == t)", "has(o.y)"]) }
        let d = depth - 1
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return "(\(bool(d)) && \(bool(d)))"
        case 1: return "(\(bool(d)) || \(bool(d)))"
        case 2: return "!\(bool(d))"
        case 3: return "(\(int(d)) < \(int(d)))"
        case 4: return "(\(text(d)) <= \(text(d)))"
        case 5: return "(\(ints(d)) == \(ints(d)))"
        case 6: return "(\(texts(d)) != \(texts(d)))"
        case 7: return "(\(int(d)) in \(ints(d)))"
        case 8: return "(\(text(d)) in \(texts(d)))"
        case 9: return "\(text(d)).contains(\(text(d)))"
        case 10: return "\(text(d)).startsWith(\(text(d)))"
        case 11: return "\(text(d)).matches(\(pick(["'a+b*'", "s", "'(a|b)*c'"])))"
        case 12: return "sets.contains(\(texts(d)), \(texts(d)))"
        case 13: return "sets.equivalent(\(ints(d)), \(ints(d)))"
        case 14: return "(\(map(d)) == \(map(d)))"
        case 15: return "(any == \(any(depth: d)))"
        case 16:
            let name = name()
            return
                "\(ints(d)).\(pick(["all", "exists", "exists_one"]))(\(name), \(name) > \(int(d)))"
        case 17:
            let (key, value) = (name(), name())
            return "\(map(d)).exists(\(key), \(value), \(key) == \(text(d)) || \(value) > 1)"
        case 18:
            let name = name()
            return "cel.bind(\(name), \(bool(d)), \(name) && \(bool(d)) && \(name))"
        default: return "o.items.exists(i, i.k == \(text(d)))"
        }
    }

    mutating func int(_ depth: Int) -> String {
        if depth == 0 { return pick(["n", "1", "7", "o.x", "size(s)", "-2"]) }
        let d = depth - 1
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return "(\(int(d)) + \(int(d)))"
        case 1: return "(\(int(d)) % \(int(d)))"
        case 2: return "size(\(text(d)))"
        case 3: return "\(texts(d)).size()"
        case 4: return "\(text(d)).indexOf(\(text(d)))"
        case 5: return "\(text(d)).lastIndexOf(\(text(d)))"
        case 6: return "(\(bool(d)) ? \(int(d)) : \(int(d)))"
        case 7: return "math.greatest(\(int(d)), \(int(d)))"
        default: return "\(ints(d)).first().orValue(\(int(d)))"
        }
    }

    mutating func text(_ depth: Int) -> String {
        if depth == 0 { return pick(["s", "t", "'a'", "'urgent'", "o.?y.orValue('')"]) }
        let d = depth - 1
        switch Int.random(in: 0..<17, using: &generator) {
        case 0: return "(\(text(d)) + \(text(d)))"
        case 1: return "\(texts(d)).join(\(text(d)))"
        case 2: return "\(text(d)).replace(\(text(d)), \(text(d)))"
        case 3: return "\(text(d)).upperAscii()"
        case 4: return "\(text(d)).reverse()"
        case 5: return "\(text(d)).trim()"
        case 6: return "\(text(d)).substring(0, \(int(d)))"
        case 7: return "'%s %d %x'.format([\(any(depth: d)), \(int(d)), \(text(d))])"
        case 8: return "string(\(int(d)))"
        case 9: return "strings.quote(\(text(d)))"
        case 10: return "base64.encode(bytes(\(text(d))))"
        case 11: return "regex.replace(\(text(d)), '[a-c]', '<\\\\0>')"
        case 12: return "regex.extract(\(text(d)), 'a(b*)').orValue(\(text(d)))"
        case 13: return "(\(bool(d)) ? \(text(d)) : \(text(d)))"
        case 14: return "\(text(d)).charAt(\(int(d)))"
        case 15: return "'%.3f|%e|%b'.format([d, \(int(d)), \(int(d))])"
        default: return "\(text(d)).lowerAscii()"
        }
    }

    mutating func ints(_ depth: Int) -> String {
        if depth == 0 { return pick(["ints", "[1, 2]", "[n]", "[]", "lists.range(3)"]) }
        let d = depth - 1
        let name = name()
        switch Int.random(in: 0..<11, using: &generator) {
        case 0: return "(\(ints(d)) + \(ints(d)))"
        case 1: return "\(ints(d)).map(\(name), \(name) + \(int(d)))"
        case 2: return "\(ints(d)).filter(\(name), \(name) < \(int(d)))"
        case 3: return "\(ints(d)).distinct()"
        case 4: return "\(ints(d)).sort()"
        case 5: return "\(texts(d)).map(\(name), size(\(name)))"
        case 6: return "[\(int(d)), \(int(d))]"
        case 7: return "[\(ints(d)), \(ints(d))].flatten()"
        case 8: return "\(ints(d)).reverse()"
        case 9: return "\(ints(d)).transformList(\(name), w\(name), \(name) + w\(name))"
        default: return "\(ints(d)).sortBy(\(name), -\(name))"
        }
    }

    mutating func texts(_ depth: Int) -> String {
        if depth == 0 { return pick(["texts", "['a', 'b']", "[s, t]", "o.items.map(i, i.k)"]) }
        let d = depth - 1
        let name = name()
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return "(\(texts(d)) + \(texts(d)))"
        case 1: return "\(texts(d)).map(\(name), \(name) + \(text(d)))"
        case 2: return "\(text(d)).split(\(text(d)))"
        case 3: return "regex.extractAll(\(text(d)), 'a.')"
        case 4: return "\(texts(d)).sort()"
        case 5: return "\(texts(d)).distinct()"
        case 6: return "\(map(d)).map(\(name), \(name))"
        case 7: return "[\(text(d)), ?optional.of(\(text(d)))]"
        default: return "\(texts(d)).sortBy(\(name), size(\(name)))"
        }
    }

    mutating func map(_ depth: Int) -> String {
        if depth == 0 { return pick(["m", "{'a': 1}", "{s: n}"]) }
        let d = depth - 1
        let (key, value) = (name(), name())
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return "{\(text(d)): \(int(d))}"
        case 1: return "\(map(d)).transformMap(\(key), \(value), \(value) + \(int(d)))"
        case 2:
            return
                "\(texts(d)).transformMapEntry(\(key), \(value), {\(value) + string(\(key)): \(key)})"
        default: return "{?'k': optional.of(\(int(d))), \(text(d)): 2}"
        }
    }

    // MARK: Inputs

    mutating func bindings(
        _ environment: ExpressionEnvironment,
        _ bounds: InputBounds
    ) -> Bindings {
        var bindings = Bindings(environment)
        func count(_ generator: inout SeededGenerator) -> Int {
            Int.random(in: 0...bounds.elements, using: &generator)
        }
        bindings.set("n", to: .int(Int64.random(in: -5...20, using: &generator)))
        bindings.set("d", to: .double(pick([0, 1.5, -1e300, 1e-300, 12345.678])))
        bindings.set("s", to: .string(letters(bounds.textBytes)))
        bindings.set("t", to: .string(letters(bounds.textBytes)))
        bindings.set("b", to: .bool(Bool.random(using: &generator)))
        let integers = (0..<count(&generator)).map { _ in
            JSON.int(Int64.random(in: 0...9, using: &generator))
        }
        bindings.set("ints", json: .array(integers))
        let texts = (0..<count(&generator)).map { _ in JSON.string(letters(bounds.textBytes)) }
        bindings.set("texts", json: .array(texts))
        let names = Set((0..<count(&generator)).map { _ in letters(bounds.textBytes) })
        let members = names.sorted().map {
            JSONObject.Member($0, .int(Int64.random(in: 0...3, using: &generator)))
        }
        bindings.set("m", json: .object(JSONObject(uniqueMembers: members)))
        bindings.set("any", json: pick([.array(texts), .array(integers), .null, "abc", 3]))
        let items = texts.map { JSON.object(JSONObject(uniqueMembers: [.init("k", $0)])) }
        bindings.set(
            "o",
            json: .object(
                JSONObject(uniqueMembers: [.init("x", 3), .init("items", .array(items))])
            )
        )
        return bindings
    }

    private mutating func letters(_ most: Int) -> String {
        let count = Int.random(in: 0...most, using: &generator)
        return String((0..<count).map { _ in pick(["a", "b", "c", "d"]) as Character })
    }
}
