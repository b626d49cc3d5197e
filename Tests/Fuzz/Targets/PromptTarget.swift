import Documents
import Prompts
import Values

private let data: [JSON] = [
    [
        "message": "a <b> & \"c\"", "order": "7", "items": [1, "two", ["name": "three"], .null],
        "map": ["a": 1, "b": [true, false]], "empty": [], "flag": true, "name": "n",
    ],
    ["message": "</message>\n{{x}}", "items": [], "name": .null, "flag": false, "map": [:]],
    [:],
]

/// A Dotprompt file, and behind a zero byte the input it is rendered with: rendering ends, and
/// says the same twice.
@Sendable
func fuzzPrompts(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let text = parts.first.map { Array($0) } ?? []
    do {
        let source = try SourceText.decoding(name: "p", bytes: text)
        let prompt = try Prompt.compile(
            name: "p",
            source: source,
            reader: YAMLReader(),
            partials: [
                "part": SourceText(
                    name: "part",
                    text: "[{{name}}{{#each items}}{{this}}{{/each}}]"
                ),
                "again": SourceText(name: "again", text: "({{#if map}}{{>again map}}{{/if}})"),
            ]
        )
        for variable in prompt.variables where variable.range.source.name == "p" {
            hold(
                variable.range.offsets.upperBound <= text.count,
                "a variable stands behind the text"
            )
        }
        var inputs = data
        if parts.count > 1, let given = try? JSON.read(Array(parts[1])) { inputs.append(given) }
        for input in inputs { render(prompt, input) }
    } catch {
        holdPlaces(error.list, in: ["p": text])
    }
}

private func render(_ prompt: Prompt, _ input: JSON) {
    let history = [
        Message(role: .user, content: [.text("hello")]),
        Message(role: .model, content: [.text("hello to you")]),
    ]
    let data = RenderData(input: input, context: JSONObject(), history: history)
    do {
        let messages = try prompt.render(data)
        hold(try prompt.render(data) == messages, "it renders to other messages the second time")
    } catch {
        hold(!error.message.isEmpty, "rendering fails without a reason")
    }
}
