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

    @Test func `of many operands the first are told`() throws {
        let text = Array(repeating: "input.amount > 1", count: 200).joined(separator: " && ")
        #expect(try operands(text).count == Expressions.Limits.operands)
    }
}
