import Foundation
import HTTPMicro
import PracticeModel
import Testing
import Values

struct PracticeModelTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Policies").standardized.path

    private func lines(_ name: String) throws -> [JSON] {
        let text = try String(contentsOfFile: Self.folder + "/" + name, encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON.read(String($0)) }
    }

    private func examples() throws -> [Classifier.Example] {
        try lines("message-triage.examples.jsonl").map {
            Classifier.Example(text: $0["text"]?.string ?? "", label: $0["label"]?.string ?? "")
        }
    }

    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }

    @Test func `the messages to decide are none of the examples, nor nearly so`() throws {
        let known = try examples().map { Self.words($0.text) }
        let messages = try lines("message-triage.messages.jsonl")
        #expect(messages.count > 200)
        for message in messages {
            let words = Self.words(message["message"]?.string ?? "")
            for example in known {
                let shared = Double(words.intersection(example).count)
                #expect(shared / Double(max(1, words.union(example).count)) < 0.8)
            }
        }
    }

    @Test func `every message has its right answer written down`() throws {
        let labels = try lines("message-triage.labels.jsonl")
        let ids = try lines("message-triage.messages.jsonl").map { $0["id"] }
        #expect(labels.map { $0["id"] } == ids)
        let known = Set(try examples().map(\.label))
        #expect(labels.allSatisfy { known.contains($0["label"]?.string ?? "") })
        #expect(Set(labels.compactMap { $0["kind"]?.string }) == ["easy", "hard", "out_of_scope"])
    }

    @Test func `probabilities sum to one, and the surer it is the more often it is right`() throws {
        let classifier = Classifier(try examples())
        #expect(classifier.validation.temperature > 0.5)
        var sure = (count: 0, right: 0)
        var unsure = (count: 0, right: 0)
        let labels = try lines("message-triage.labels.jsonl").map { $0["label"]?.string ?? "" }
        for (message, label) in zip(try lines("message-triage.messages.jsonl"), labels) {
            let text = message["message"]?.string ?? ""
            let p = classifier.probabilities(of: text, among: classifier.labels)
            #expect(abs(p.reduce(0, +) - 1) < 1e-9)
            let best = p.indices.max { p[$0] < p[$1] } ?? 0
            let isRight = classifier.labels[best] == label
            if p[best] >= 0.6 {
                sure.count += 1
                sure.right += isRight ? 1 : 0
            } else {
                unsure.count += 1
                unsure.right += isRight ? 1 : 0
            }
        }
        #expect(sure.count > 40)
        #expect(Double(sure.right) / Double(sure.count) > 0.85)
        #expect(Double(unsure.right) / Double(unsure.count) < 0.75)
    }

    @Test func `both shapes answer the same label with the same probability`() throws {
        let server = PracticeServer(Classifier(try examples()), seed: 1)
        let labels: JSON = ["order_status", "refund_request", "none_of_these"]
        let text = "<message>where is my parcel, it is late</message>"
        func post(_ path: String, _ body: JSON) throws -> JSON {
            let request = HTTPRequest(
                method: "POST",
                path: path,
                headers: [:],
                body: Array(body.compactText.utf8)
            )
            let response = server.handle(request)
            #expect(response.status == 200)
            return try JSON.read(response.body)
        }
        let decided = try post(
            "/v1/decisions",
            [
                "model": "practice-1", "input": .string(text),
                "questions": [
                    [
                        "type": "choice", "name": "intent", "instructions": "",
                        "choices": .array((labels.array ?? []).map { ["value": $0] }),
                    ]
                ],
            ]
        )
        let answer = try #require(decided["answers"]?.array?.first)
        let p = try #require(
            answer["probabilities"]?.array?.first { $0["value"] == answer["choice"] }?[
                "probability"
            ]?
            .number
        )
        let chat = try post(
            "/v1/chat/completions",
            [
                "model": "practice-1", "logprobs": true, "top_logprobs": 5,
                "messages": [["role": "user", "content": .string(text)]],
                "response_format": [
                    "type": "json_schema",
                    "json_schema": [
                        "schema": [
                            "type": "object", "required": ["intent"],
                            "properties": ["intent": ["enum": labels]],
                        ]
                    ],
                ],
            ]
        )
        let choice = try #require(chat["choices"]?.array?.first)
        let content = try #require(choice["message"]?["content"]?.string)
        #expect(try JSON.read(content)["intent"] == answer["choice"])
        let tokens = choice["logprobs"]?["content"]?.array ?? []
        #expect(tokens.compactMap { $0["token"]?.string }.joined() == content)
        let product = exp(tokens.compactMap { $0["logprob"]?.number }.reduce(0, +))
        #expect(abs(product - p) < 1e-9)
    }

    @Test func `what it does not serve is told in the shape of its errors`() throws {
        let server = PracticeServer(Classifier(try examples()), seed: 1)
        let nowhere = server.handle(
            HTTPRequest(method: "GET", path: "/x", headers: [:], body: [])
        )
        #expect(nowhere.status == 404)
        let broken = server.handle(
            HTTPRequest(method: "POST", path: "/v1/decisions", headers: [:], body: [0x7B])
        )
        #expect(broken.status == 400)
        #expect(
            try JSON.read(broken.body)["error"]?["message"]?.string?.contains("not JSON") == true
        )
    }
}
