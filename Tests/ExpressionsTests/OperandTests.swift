import Testing
import Values

@testable import Expressions

/// What each part of a condition came to.
struct OperandTests {
    private let environment = ExpressionEnvironment(
        variables: [
            Variable(
                "input",
                .object(
                    ObjectType([.init("amount", .double), .init("tags", .list(.string))])
                )
            )
        ]
    )

    private func operands(_ text: String) throws -> [String] {
        let program = try environment.compile(SourceFragment(name: "<condition>", text: text))
        var bindings = Bindings(environment)
        bindings.set("input", json: ["amount": 20, "tags": ["a", "b"]])
        return environment.operands(of: program, bindings).map {
            switch $0.result {
            case .success(let value): "\($0.text) = \(value.json?.compactText ?? "?")"
            case .failure(let error): "\($0.text): \(error.message)"
            }
        }
    }

    @Test func `each operand is told as it was written, outermost first`() throws {
        let text = "input.amount + 1 > 100 && input.tags.exists(t, t == 'a')"
        #expect(
            try operands(text) == [
                "\(text) = false", "input.amount + 1 > 100 = false", "input.amount + 1 = 21",
                "input.amount = 20", "input.tags.exists(t, t == 'a') = true",
                "input.tags = [\"a\",\"b\"]",
            ]
        )
    }

    @Test func `an operand that has no value says why, also where it was not needed`() throws {
        #expect(
            try operands("input.tags[5] == 'a' || true") == [
                "input.tags[5] == 'a' || true = true",
                "input.tags[5] == 'a': the index is out of range",
                "input.tags[5]: the index is out of range", "input.tags = [\"a\",\"b\"]",
            ]
        )
    }

    @Test func `an operand knows how many others it is inside of, and constants are left out`()
        throws
    {
        let text = "input.tags[0] in ['a', 'b'] || input.amount > 1.0 + 2.0"
        let program = try environment.compile(SourceFragment(name: "<condition>", text: text))
        var bindings = Bindings(environment)
        bindings.set("input", json: ["amount": 20, "tags": ["a", "b"]])
        let told = environment.operands(of: program, bindings).map { "\($0.depth) \($0.text)" }
        #expect(
            told == [
                "0 \(text)", "1 input.tags[0] in ['a', 'b']", "2 input.tags[0]", "3 input.tags",
                "1 input.amount > 1.0 + 2.0", "2 input.amount",
            ]
        )
    }

    @Test(arguments: [
        ("[1, 2u, 2.0, -0.0, 1e300]", "[1, 2u, 2.0, -0.0, 1e+300]"),
        ("{'a': null, true: 'b\\n'}", #"{"a": null, true: "b\n"}"#),
        ("[b'\\x00a', type(1)]", #"[b"\x00\x61", int]"#),
        ("duration('90m')", #"duration("5400s")"#),
        ("timestamp('2026-01-31T08:00:00Z')", #"timestamp("2026-01-31T08:00:00Z")"#),
        ("[optional.of(1), optional.none()]", "[optional.of(1), optional.none()]"),
        ("[ip('::1')]", #"[ip("::1")]"#), ("cidr('10.0.0.0/8')", #"cidr("10.0.0.0/8")"#),
        ("double('-Infinity')", #"-double("Infinity")"#), ("double('NaN')", #"double("NaN")"#),
    ])
    func `a value is written as an expression that gives it again`(
        text: String,
        written: String
    ) throws {
        let standard = ExpressionEnvironment(variables: [], rules: .standard)
        func value(_ text: String) throws -> ExpressionValue {
            try standard.compile(SourceFragment(name: "<value>", text: text))
                .evaluate(Bindings(standard))
        }
        #expect(try value(text).written == written)
        #expect(try value(written).written == written)
    }

    @Test func `of many operands the first are told`() throws {
        let text = Array(repeating: "input.amount > 1", count: 200).joined(separator: " && ")
        #expect(try operands(text).count == Expressions.Limits.operands)
    }
}
