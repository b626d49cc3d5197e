import Foundation
import HTTPMicro
import PracticeModel
import Testing
import Values

/// What the two shapes answer, and what they refuse.
struct ShapeTests {
    private let classifier: Classifier
    private let server: PracticeServer

    init() throws {
        classifier = Classifier(try ExampleWorkspace().examples)
        server = PracticeServer(classifier, seed: 7)
    }

    private func post(_ path: String, _ body: JSON) throws -> (status: Int, body: JSON) {
        let request = HTTPRequest(
            method: "POST",
            path: path,
            headers: [:],
            body: Array(body.compactText.utf8)
        )
        let response = server.handle(request)
        return (response.status, try JSON.read(response.body))
    }

    private func chat(_ text: String, _ schema: JSON, _ more: JSON = [:]) throws -> JSON {
        var body: JSON = [
            "model": "practice-1",
            "messages": [
                ["role": "system", "content": "It stands between <message> and </message>."],
                ["role": "user", "content": .string(text)],
            ],
            "response_format": [
                "type": "json_schema", "json_schema": ["name": "answer", "schema": schema],
            ],
        ]
        for member in more.object?.members ?? [] {
            body = .object((body.object ?? JSONObject()).setting(member.name, to: member.value))
        }
        let (status, answer) = try post("/v1/chat/completions", body)
        #expect(status == 200, "\(answer.compactText)")
        return answer
    }

    private func question(_ choices: JSON...) -> JSON {
        [
            "type": "choice", "name": "q", "instructions": "",
            "choices": .array(choices.map { ["value": $0] }),
        ]
    }

    struct Labels: CustomTestStringConvertible, Sendable {
        let what: String
        let labels: [String]
        var testDescription: String { what }

        static let all = [
            Labels(what: "known labels", labels: ["order_status", "return_item", "wrong_item"]),
            Labels(what: "labels that share a first word", labels: ["order_status", "order_back"]),
            Labels(what: "a label that begins another", labels: ["order", "order_status", "x"]),
            Labels(what: "labels to be escaped", labels: ["a \"b\"_c", "a \"b\"_d", "tab\t"]),
            Labels(what: "a label that is a property's name", labels: ["intent", "reason", "{"]),
            Labels(what: "labels that begin with a mark", labels: ["_a", "_b", "__"]),
            Labels(what: "one label", labels: ["only_one"]),
            Labels(what: "letters of several bytes", labels: ["größe_x", "größe_y", "漢字_1"]),
        ]
    }

    @Test(arguments: Labels.all)
    func `an answer's tokens are its bytes, and as likely as its label`(labels: Labels) throws {
        let schema: JSON = [
            "type": "object", "required": ["reason", "intent", "note"],
            "properties": [
                "reason": ["type": "string"],
                "intent": ["enum": .array(labels.labels.map(JSON.string))],
                "note": ["type": "string"],
            ],
        ]
        let answer = try chat(
            "<message>x</message>",
            schema,
            ["logprobs": true, "top_logprobs": 20, "temperature": 1, "n": 20]
        )
        let p = classifier.probabilities(of: "x", among: labels.labels)
        for choice in answer["choices"]?.array ?? [] {
            let content = try #require(choice["message"]?["content"]?.string)
            let label = try #require(try JSON.read(content)["intent"]?.string)
            let chosen = try #require(labels.labels.firstIndex(of: label))
            let tokens = try #require(choice["logprobs"]?["content"]?.array)
            let bytes = tokens.flatMap { $0["bytes"]?.array?.compactMap(\.integer) ?? [] }
            #expect(bytes == content.utf8.map { Int64($0) })
            let product = exp(tokens.compactMap { $0["logprob"]?.number }.reduce(0, +))
            #expect(abs(product - p[chosen]) < 1e-9)
            for token in tokens {
                let shown = token["top_logprobs"]?.array?.map { exp($0["logprob"]?.number ?? 0) }
                #expect(abs((shown ?? []).reduce(0, +) - 1) < 1e-9)
            }
        }
    }

    @Test func `an answer has every required member, and a plain reason`() throws {
        let schema: JSON = [
            "type": "object",
            "required": ["intent", "reason", "amount", "tags", "who", "maybe", "level"],
            "properties": [
                "intent": ["enum": ["order_status", "return_item"]],
                "reason": ["type": "string"],
                "amount": ["type": "number"],
                "tags": ["type": "array"],
                "who": [
                    "type": "object", "required": ["id"],
                    "properties": ["id": ["type": "string"]],
                ],
                "maybe": ["type": ["string", "null"]],
                "level": ["enum": ["low", "high"]],
                "left_out": ["type": "string"],
            ],
        ]
        let answer = try chat("<message>where is my order</message>", schema)
        let content = answer["choices"]?.array?.first?["message"]?["content"]?.string ?? ""
        #expect(
            try JSON.read(content) == [
                "intent": "order_status", "reason": "The message reads like order status.",
                "amount": 0, "tags": [], "who": ["id": ""], "maybe": nil, "level": "low",
            ]
        )
    }

    @Test func `only the last user message is judged, up to its last closing mark`() throws {
        let schema: JSON = ["properties": ["intent": ["enum": ["order_status", "cancel_order"]]]]
        let trick = "<message>cancel my order please </message> where is my parcel</message>"
        let more: JSON = ["logprobs": true]
        let whole = try chat("About order 5.\n" + trick, schema, more)
        let inner = "cancel my order please </message> where is my parcel"
        #expect(whole["choices"] == (try chat(inner, schema, more))["choices"])
        let cut = try chat("cancel my order please ", schema, more)
        #expect(whole["choices"] != cut["choices"])
    }

    @Test func `samples are drawn as often as they are likely, and the same from the same seed`()
        throws
    {
        let schema: JSON = ["properties": ["intent": ["enum": ["a", "b", "c", "d"]]]]
        let more: JSON = ["n": 128, "temperature": 1]
        let answer = try chat("<message>x</message>", schema, more)
        let texts = answer["choices"]?.array?.compactMap { $0["message"]?["content"]?.string } ?? []
        #expect(texts.count == 128)
        let counts = Dictionary(texts.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(counts.count == 4)
        #expect(counts.values.allSatisfy { (16...48).contains($0) }, "\(counts)")
        let again = try ShapeTests().chat("<message>x</message>", schema, more)
        #expect(again == answer)
    }

    @Test func `a choice may be between booleans, and other questions are refused alone`() throws {
        let (status, answer) = try post(
            "/v1/decisions",
            [
                "model": "practice-1", "input": [["role": "user", "content": "hello"]],
                "questions": [
                    question(true, false), ["type": "predicate", "name": "p"],
                    question("order_status", "none_of_these"),
                ],
            ]
        )
        #expect(status == 200)
        let answers = try #require(answer["answers"]?.array)
        #expect(answers[0]["choice"]?.bool != nil)
        #expect(answers[0]["probabilities"]?.array?.first?["probability"] == 0.5)
        #expect(answers[1] == ["type": "refusal", "name": "p"])
        #expect(answers[2]["choice"] == "none_of_these")
    }

    struct Wrong: CustomTestStringConvertible, Sendable {
        let path: String
        let body: JSON
        let told: String
        var status = 400
        var testDescription: String { told }

        init(_ shape: String, _ members: JSON, told: String, status: Int = 400) {
            path = shape == "chat" ? "/v1/chat/completions" : "/v1/decisions"
            var object = JSONObject().setting("model", to: "practice-1")
            for member in members.object?.members ?? [] {
                object = object.setting(member.name, to: member.value)
            }
            body = .object(object)
            self.told = told
            self.status = status
        }

        static func schema(_ property: JSON) -> JSON {
            [
                "messages": [["role": "user", "content": "x"]],
                "response_format": [
                    "type": "json_schema",
                    "json_schema": ["schema": ["properties": ["a": property]]],
                ],
            ]
        }

        static let all = [
            Wrong("chat", [:], told: "'messages' is required"),
            Wrong("chat", ["messages": []], told: "'messages' is required"),
            Wrong("chat", ["model": nil], told: "'model' is required"),
            Wrong("chat", ["model": "gpt"], told: "no model 'gpt'", status: 404),
            Wrong("chat", schema(["enum": []]), told: "an enum of strings"),
            Wrong("chat", schema(["enum": [1, 2]]), told: "an enum of strings"),
            Wrong("chat", schema(["type": "string"]), told: "an enum of strings"),
            Wrong("chat", ["messages": [[:]], "n": 0], told: "'n' must be from 1 to 128"),
            Wrong("chat", ["messages": [[:]], "n": 129], told: "'n' must be from 1 to 128"),
            Wrong("chat", ["messages": [[:]], "top_logprobs": 21], told: "from 0 to 20"),
            Wrong(
                "chat",
                ["messages": [[:]], "response_format": ["type": "x"]],
                told: "json_schema"
            ),
            Wrong("decisions", ["questions": [[:]]], told: "'input' is required"),
            Wrong("decisions", ["input": "x"], told: "'questions' is required"),
            Wrong("decisions", ["input": "x", "questions": []], told: "'questions' is required"),
            Wrong("decisions", ["input": "x", "questions": [[:]]], told: "needs a 'name'"),
            Wrong(
                "decisions",
                [
                    "input": "x",
                    "questions": [
                        ["type": "choice", "name": "q", "choices": [["value": "a"]]]
                    ],
                ],
                told: "'choices' of 'q' must be 2 to 255"
            ),
        ]
    }

    @Test(arguments: Wrong.all) func `a wrong request is told what is wrong`(wrong: Wrong) throws {
        let (status, answer) = try post(wrong.path, wrong.body)
        #expect(status == wrong.status)
        #expect(answer["error"]?["message"]?.string?.contains(wrong.told) == true)
        #expect(answer["error"]?["type"] == "invalid_request_error")
    }

    @Test func `the model is listed`() throws {
        let response = server.handle(
            HTTPRequest(method: "GET", path: "/v1/models", headers: [:], body: [])
        )
        #expect(try JSON.read(response.body)["data"]?.array?.first?["id"] == "practice-1")
    }
}
