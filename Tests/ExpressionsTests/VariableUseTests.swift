import Testing
import Values

@testable import Expressions

/// Which fields of a variable an expression mentions, and what a missing one is said to be.
struct VariableUseTests {
    private let environment = ExpressionEnvironment(variables: [
        Variable(
            "steps",
            .object(
                ObjectType([
                    .init("a", .map(.string, .dyn)), .init("b", .list(.int)),
                    .init("c", .string, isOptional: true),
                ]) { name in
                    name == "later" ? .init("'later' comes later", fix: "wait") : nil
                }
            )
        ),
        Variable("input", .dyn),
    ])

    private func use(_ text: String) throws -> VariableUse {
        try environment.compile(SourceFragment(name: "<test>", text: text)).uses(of: "steps")
    }

    @Test(arguments: [
        ("input.steps == 1", []), ("steps.a.x == 1", ["a"]), ("steps['b'][0] > 1", ["b"]),
        ("has(steps.c) && steps.c == 'x'", ["c"]), ("steps.?c.orValue('') == ''", ["c"]),
        ("steps.b.exists(n, n > size(steps.a))", ["a", "b"]),
        ("[{'k': steps.b}].map(x, x)", ["b"]), ("input ? steps.b[0] : -steps.b[1]", ["b"]),
        ("cel.bind(v, steps.b, v[0])", ["b"]),
    ])
    func `the fields it takes`(_ text: String, _ fields: [String]) throws {
        let use = try use(text)
        #expect(use.fields == Set(fields))
        #expect(!use.isWhole)
    }

    @Test(arguments: ["steps == steps", "size([steps]) > 0", "steps[input]"])
    func `any use of the whole`(_ text: String) throws {
        #expect(try use(text).isWhole)
    }

    @Test func `a field that is not there has a reason of its own`() {
        #expect {
            try use("steps.later.x")
        } throws: { error in
            let found = (error as? Diagnostics)?.list
            return found?.map(\.message) == ["'later' comes later"] && found?[0].fix == "wait"
        }
    }
}

/// What a template comes to, as far as types tell.
struct TemplateTypeTests {
    private func type(_ json: JSON, literally: Bool = false) throws -> ExpressionType {
        let environment = ExpressionEnvironment(variables: [
            Variable("n", .int), Variable("now", .timestamp),
        ])
        return try ValueTemplate(Node(json), in: environment, expecting: nil)
            .type(literally: literally)
    }

    @Test func `each part has its type`() throws {
        let whole = try type([
            "a": "${{ n }}", "b": "n is ${{ n }}", "c": ["${{ now }}", "x"], "d": [1, "x"],
            "e": nil,
        ])
        #expect(
            whole
                == .object(
                    ObjectType([
                        .init("a", .int), .init("b", .string), .init("c", .list(.string)),
                        .init("d", .list(.dyn)), .init("e", .null),
                    ])
                )
        )
    }

    @Test func `a text that is written out is that one`() throws {
        #expect(try type("x", literally: true) == .enumeration(.init(["x"])))
        #expect(try type("x") == .string)
    }
}
