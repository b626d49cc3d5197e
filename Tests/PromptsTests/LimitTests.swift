import Documents
import Prompts
import Testing
import Values

/// Every limit of a prompt, reached.
struct LimitTests {
    private func prompt(_ template: String, partials: [String: String] = [:]) throws -> Prompt {
        try Prompt.compile(
            name: "p",
            source: SourceText(name: "p.prompt", text: template),
            reader: YAMLReader(),
            partials: partials.mapValues { SourceText(name: "q.prompt", text: $0) }
        )
    }

    private func problems(_ template: String) throws -> [String] {
        try #require(throws: Diagnostics.self) { try prompt(template) }.list.map(\.message)
    }

    private func render(_ prompt: Prompt, _ input: JSON) throws -> [Message] {
        try prompt.render(RenderData(input: input))
    }

    private func failure(_ prompt: Prompt, _ input: JSON) throws -> String {
        try #require(throws: PromptError.self) { try render(prompt, input) }.message
    }

    private func times(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    // MARK: Templates

    @Test func `partials that each use the next twice are looked into once`() throws {
        var partials: [String: String] = ["p40": "{{name}}"]
        for level in 0..<40 { partials["p\(level)"] = times(2, "{{>p\(level + 1)}}") }
        #expect(try prompt("{{>p0}}", partials: partials).variables.count == 1)
    }

    @Test func `a template has at most so many bytes`() throws {
        #expect(
            try problems(times(Prompts.Limits.templateBytes + 1, "x"))
                == ["the template is larger than 1048576 bytes"]
        )
    }

    @Test func `blocks stand inside each other down to a depth`() throws {
        func nested(_ depth: Int) -> String {
            times(depth, "{{#if a}}") + "x" + times(depth, "{{/if}}")
        }
        #expect(try render(try prompt(nested(Prompts.Limits.depth)), ["a": true]).count == 1)
        #expect(
            try problems(nested(Prompts.Limits.depth + 1)) == [
                "blocks are nested more than 64 deep"
            ]
        )
    }

    @Test func `an else-if is a block inside the one before it`() throws {
        func chain(_ count: Int) -> String {
            "{{#if a}}" + times(count, "{{else if b}}x") + "{{/if}}"
        }
        #expect(try render(try prompt(chain(Prompts.Limits.depth)), ["b": true]).count == 1)
        #expect(
            try problems(chain(Prompts.Limits.depth + 1)) == ["blocks are nested more than 64 deep"]
        )
    }

    @Test func `parentheses stand inside each other down to a depth`() throws {
        func nested(_ depth: Int) -> String {
            "{{json " + times(depth, "(json ") + "a" + times(depth, ")") + "}}"
        }
        #expect(try prompt(nested(Prompts.Limits.depth)).variables.count == 1)
        #expect(
            try problems(nested(Prompts.Limits.depth + 1))
                == ["parentheses are nested more than 64 deep"]
        )
    }

    // MARK: Renderings

    private static let tooLarge = "the prompt becomes too large with this input"

    @Test func `partials use each other down to a depth`() throws {
        // Each partial uses itself while there is something left of the list.
        let partials = ["q": "x{{#with next}}{{> q}}{{/with}}"]
        let prompt = try prompt("{{> q}}", partials: partials)
        func chain(_ count: Int) -> JSON {
            (1..<count).reduce(["end": true]) { inner, _ in ["next": inner] }
        }
        #expect(try render(prompt, chain(Prompts.Limits.depth)).count == 1)
        #expect(
            try failure(prompt, chain(Prompts.Limits.depth + 1))
                == "partials use each other more than 64 deep"
        )
    }

    @Test(arguments: ["{{text}}", "{{media url=text}}"])
    func `a rendering makes at most so many bytes, its last piece included`(
        template: String
    ) throws {
        let prompt = try prompt(template)
        let most = times(Prompts.Limits.outputBytes, "x")
        #expect(try render(prompt, ["text": .string(most)]).count == 1)
        #expect(try failure(prompt, ["text": .string(most + "x")]) == Self.tooLarge)
    }

    @Test func `a text too large is not written as JSON, even where nobody sees it`() throws {
        let prompt = try prompt("{{#if (json text)}}x{{/if}}")
        let text = times(Prompts.Limits.outputBytes + 1, "x")
        #expect(try failure(prompt, ["text": .string(text)]) == Self.tooLarge)
    }

    @Test func `a rendering takes at most so many steps, the rounds of each included`() throws {
        let prompt = try prompt("{{#each list}}{{#each ../list}}{{/each}}{{/each}}")
        func list(_ count: Int) -> JSON { ["list": .array(Array(repeating: 1, count: count))] }
        _ = try render(prompt, list(100))
        #expect(try failure(prompt, list(1_001)) == Self.tooLarge)
    }
}
