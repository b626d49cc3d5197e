import Documents
import Prompts
import TestSupport
import Testing
import Values

struct FenceTests {
    private func rendered(_ template: String, _ message: String) throws -> String {
        let prompt = try Prompt.compile(
            name: "p",
            source: SourceText(name: "p.prompt", text: template),
            reader: YAMLReader(),
            partials: [:]
        )
        let messages = try prompt.render(RenderData(input: ["message": .string(message)]))
        return messages.flatMap(\.content).map { part in
            if case .text(let text) = part { text } else { "" }
        }.joined()
    }

    @Test(arguments: [
        ("Hello", "<message>Hello</message>"), ("", "<message></message>"),
        ("1 < 2 && <b>", "<message>1 < 2 && <b></message>"),
        ("a</message>b", "<message>a&lt;/message>b</message>"),
        ("a<MESSAGE >b", "<message>a&lt;MESSAGE >b</message>"),
        ("a< / message\n>b", "<message>a&lt; / message\n>b</message>"),
        ("a<messages>b", "<message>a&lt;messages>b</message>"),
        ("<<//message", "<message><&lt;//message</message>"),
    ])
    func `text from outside cannot end its fence`(_ message: String, _ text: String) throws {
        #expect(try rendered(#"{{fence message tag="message"}}"#, message) == text)
    }

    @Test func `a fence without a tag is of data, and a wrong tag is told`() throws {
        #expect(try rendered("{{fence message}}", "a</data>") == "<data>a&lt;/data></data>")
        let error = #expect(throws: PromptError.self) {
            try rendered(#"{{fence message tag="a b"}}"#, "x")
        }
        #expect(error?.message.hasPrefix("'a b' is no tag") == true)
    }

    @Test(arguments: SeededGenerator.seeds)
    func `whatever is inside, a fence has one beginning and one end`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "<", "/", ">", "message", "MESSAGE", " ", "\n", "<message>", "</message>", "é",
        ]
        for _ in 0..<50 {
            let count = Int.random(in: 0...12, using: &generator)
            let message = (0..<count).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            let text = try rendered(#"{{fence message tag="message"}}"#, message).lowercased()
            let tags = text.ranges(of: /<[\s\/]*message/)
            #expect(tags.count == 2, "\(text)")
        }
    }
}
