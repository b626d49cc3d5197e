import Autonomy
import Foundation
import Models
import Prompts
import Testing
import Values

/// Random answers cut into random tokens; SplitMix64, so a seed names a run.
private struct Draw {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

struct LogprobPropertyTests {
    private let labels = ["refund", "取消する", "naïve", "a\"b\\c", "😀", "re", "\n tab\t", "x"]
    private let fillers: [JSON] = [
        "the label is refund", "say \"action\":\"re\"", nil, 3, 2.5, true, ["refund", ["x": "re"]],
        ["action": "refund", "deep": ["}", "]", "\\\""]], "", "取消する",
    ]

    /// The text of the answer and where the value of `action` stands in it, by construction.
    private func answer(_ draw: inout Draw) -> (text: [UInt8], value: Range<Int>) {
        var text = Array("{".utf8)
        var value = 0..<0
        let place = draw.below(4)
        for index in 0..<4 {
            if index > 0 { text += Array(draw.pick([",", ", ", " ,\n"]).utf8) }
            let name = index == place ? "action" : "p\(index)"
            text += Array("\"\(name)\"\(draw.pick([":", ": ", " : "]))".utf8)
            let written =
                index == place ? JSON.string(draw.pick(labels)) : draw.pick(fillers)
            let bytes = Array(written.compactText.utf8)
            if index == place { value = text.count + 1..<text.count + bytes.count - 1 }
            text += bytes
        }
        return (text + Array(draw.pick(["}", " }", "}\n"]).utf8), value)
    }

    @Test(arguments: 0..<300)
    func `however an answer is cut into tokens, the product is of those that hold its value`(
        _ seed: Int
    ) throws {
        var draw = Draw(state: UInt64(seed))
        let (text, value) = answer(&draw)
        var tokens: [JSON] = []
        var expected = 0.0
        var start = 0
        while start < text.count {
            let end = min(text.count, start + 1 + draw.below(draw.pick([1, 3, 12])))
            let logprob = -Double(draw.below(1_000)) / 500
            if start < value.upperBound, end > value.lowerBound { expected += logprob }
            tokens.append([
                "token": .string(String(decoding: text[start..<end], as: UTF8.self)),
                "logprob": .double(logprob),
                "bytes": .array(text[start..<end].map { .int(Int64($0)) }),
            ])
            start = end
        }
        let confidence = try confidence(text, tokens)
        #expect(abs(try #require(confidence) - exp(expected)) < 1e-12)
    }

    private func confidence(_ text: [UInt8], _ tokens: [JSON]) throws -> Double? {
        let request = ModelRequest(
            messages: [],
            output: OutputForm(
                name: "p",
                schema: ["type": "object", "properties": ["action": ["type": "string"]]]
            ),
            confidence: ConfidenceClause(from: .logprob, of: "action")
        )
        let content = String(decoding: text, as: UTF8.self)
        let body: JSON = [
            "model": "m",
            "choices": [
                ["message": ["content": .string(content)], "logprobs": ["content": .array(tokens)]]
            ],
        ]
        let reply = HTTPReply(status: 200, body: Array(body.compactText.utf8))
        guard case .answer(let answer) = Shape.chat.coding().decode(reply, to: request) else {
            Issue.record("no answer for \(content)")
            return nil
        }
        return answer.confidence.value
    }
}
