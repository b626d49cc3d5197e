import Autonomy
import Models
import Prompts
import Testing
import Values

struct RequestTests {
    private let schema: JSON = [
        "type": "object",
        "properties": [
            "action": ["enum": ["refund", "reject"]],
            "reason": ["type": "string", "minLength": 3],
        ],
        "required": ["action"],
        "additionalProperties": false,
    ]

    private func text(_ role: Message.Role, _ text: String) -> Message {
        Message(role: role, content: [.text(text)])
    }

    private func body(
        _ shape: Shape,
        _ clause: ConfidenceClause,
        _ messages: [Message]? = nil,
        sampling: Sampling = Sampling(),
        schema: JSON? = nil,
        structured: ModelDefinition.Structured = .format
    ) throws -> JSON {
        let request = ModelRequest(
            messages: messages ?? [text(.system, "Decide."), text(.user, "Hello")],
            output: OutputForm(name: "refund triage/é", schema: schema ?? self.schema),
            confidence: clause,
            sampling: sampling
        )
        return try JSON.read(shape.coding(structured).encode(request, model: "banker-1"))
    }

    private let logprob = ConfidenceClause(from: .logprob, of: "action")
    private let probability = ConfidenceClause(from: .probability, of: "action")

    @Test func `a chat request asks for strict output and log-probabilities`() throws {
        let expected: JSON = [
            "model": "banker-1",
            "messages": [
                ["role": "system", "content": "Decide."], ["role": "user", "content": "Hello"],
            ],
            "response_format": [
                "type": "json_schema",
                "json_schema": [
                    "name": "refund-triage--", "strict": true,
                    "schema": [
                        "type": "object",
                        "properties": [
                            "action": ["enum": ["refund", "reject"], "type": "string"],
                            "reason": ["type": ["string", "null"]],
                        ],
                        "required": ["action", "reason"],
                        "additionalProperties": false,
                    ],
                ],
            ],
            "temperature": 0,
            "logprobs": true,
            "top_logprobs": 20,
        ]
        #expect(try body(.chat, logprob) == expected)
    }

    @Test func `a vote asks for samples that can differ`() throws {
        let clause = ConfidenceClause(from: .vote, of: "action", samples: 5)
        let sent = try body(.chat, clause)
        #expect(sent["n"] == 5)
        #expect(sent["temperature"] == 1)
        #expect(sent["logprobs"] == nil)
        let cold = Sampling(temperature: .exactly(0))
        #expect(throws: ModelError.self) { try body(.chat, clause, sampling: cold) }
    }

    @Test func `a prompt's config is sent in the API's names`() throws {
        let config: JSON = [
            "temperature": 0.3, "maxOutputTokens": 200, "topP": 0.9, "stopSequences": ["END"],
        ]
        let sent = try body(.chat, logprob, sampling: Sampling(config: config))
        #expect(sent["temperature"] == 0.3)
        #expect(sent["max_completion_tokens"] == 200)
        #expect(sent["top_p"] == 0.9)
        #expect(sent["stop"] == ["END"])
        let bare = try body(.chat, logprob, sampling: Sampling(config: ["temperature": nil]))
        #expect(bare["temperature"] == nil)
    }

    @Test func `roles and pictures are put in the API's words`() throws {
        let section = Message.Part.section("later")
        let picture = Message.Part.media(url: "data:image/png;base64,AA==", contentType: nil)
        let sent = try body(
            .chat,
            logprob,
            [
                Message(role: .user, content: [.text("See"), section, picture]),
                text(.model, "Seen"),
            ]
        )
        let expected: JSON = [
            [
                "role": "user",
                "content": [
                    ["type": "text", "text": "See"],
                    ["type": "image_url", "image_url": ["url": "data:image/png;base64,AA=="]],
                ],
            ],
            ["role": "assistant", "content": "Seen"],
        ]
        #expect(sent["messages"] == expected)
    }

    @Test func `a decision request is one choice with the system text as instructions`() throws {
        let expected: JSON = [
            "model": "banker-1",
            "input": "Hello",
            "questions": [
                [
                    "type": "choice", "name": "action", "instructions": "Decide.",
                    "choices": [["value": "refund"], ["value": "reject"]],
                ]
            ],
        ]
        #expect(try body(.decisions, probability) == expected)
    }

    @Test func `several messages are sent as messages, described members with their words`() throws
    {
        let described: JSON = [
            "type": "object",
            "properties": [
                "action": [
                    "description": "What to do",
                    "oneOf": [
                        ["const": "refund", "description": "Pay it back"], ["const": "reject"],
                    ],
                ]
            ],
            "required": ["action"],
        ]
        let sent = try body(
            .decisions,
            probability,
            [text(.user, "Hello"), text(.model, "Yes?"), text(.user, "Money")],
            schema: described
        )
        #expect(
            sent["input"] == [
                ["role": "user", "content": "Hello"], ["role": "assistant", "content": "Yes?"],
                ["role": "user", "content": "Money"],
            ]
        )
        let question = sent["questions"]?.array?.first
        #expect(question?["instructions"] == "What to do")
        #expect(
            question?["choices"] == [
                ["value": "refund", "description": "Pay it back"], ["value": "reject"],
            ]
        )
    }

    @Test func `a responses request holds its schema flat and stores nothing`() throws {
        let expected: JSON = [
            "model": "banker-1",
            "input": [["role": "user", "content": "Hello"]],
            "instructions": "Decide.",
            "text": [
                "format": [
                    "type": "json_schema", "name": "refund-triage--", "strict": true,
                    "schema": [
                        "type": "object",
                        "properties": [
                            "action": ["enum": ["refund", "reject"], "type": "string"],
                            "reason": ["type": ["string", "null"]],
                        ],
                        "required": ["action", "reason"],
                        "additionalProperties": false,
                    ],
                ]
            ],
            "temperature": 0,
            "include": ["message.output_text.logprobs"],
            "top_logprobs": 20,
            "store": false,
        ]
        #expect(try body(.responses, logprob) == expected)
    }

    @Test func `responses takes pictures and a bound of tokens, and no stop sequences`() throws {
        let picture = Message.Part.media(url: "https://h/p.png", contentType: "image/png")
        let sent = try body(
            .responses,
            logprob,
            [Message(role: .user, content: [.text("See"), picture]), text(.model, "Seen")],
            sampling: Sampling(config: ["maxOutputTokens": 50])
        )
        #expect(
            sent["input"] == [
                [
                    "role": "user",
                    "content": [
                        ["type": "input_text", "text": "See"],
                        [
                            "type": "input_image", "image_url": "https://h/p.png",
                            "detail": "auto",
                        ],
                    ],
                ],
                ["role": "assistant", "content": "Seen"],
            ]
        )
        #expect(sent["max_output_tokens"] == 50)
        #expect(throws: ModelError.self) {
            try body(.responses, logprob, sampling: Sampling(config: ["stopSequences": ["END"]]))
        }
    }

    private let vote = ConfidenceClause(from: .vote, of: "action", samples: 1)

    @Test func `a messages request is bounded, and its format has no bounds of values`() throws {
        let schema: JSON = [
            "type": "object",
            "properties": [
                "action": ["enum": ["refund", "reject"]],
                "minimum": ["type": "number", "minimum": 0, "maximum": 1],
            ],
            "required": ["action", "minimum"],
        ]
        let sent = try body(.messages, vote, schema: schema)
        let expected: JSON = [
            "model": "banker-1",
            "max_tokens": 1024,
            "system": "Decide.",
            "messages": [["role": "user", "content": "Hello"]],
            "output_config": [
                "format": [
                    "type": "json_schema",
                    "schema": [
                        "type": "object",
                        "properties": [
                            "action": ["enum": ["refund", "reject"], "type": "string"],
                            "minimum": ["type": "number"],
                        ],
                        "required": ["action", "minimum"],
                        "additionalProperties": false,
                    ],
                ]
            ],
        ]
        #expect(sent == expected)
    }

    @Test func `messages sends a temperature only where the prompt sets one`() throws {
        let stated = Sampling(temperature: .exactly(0.5))
        #expect(try body(.messages, vote)["temperature"] == nil)
        #expect(try body(.messages, vote, sampling: stated)["temperature"] == 0.5)
        let cold = Sampling(temperature: .exactly(0))
        #expect(throws: ModelError.self) { try body(.messages, vote, sampling: cold) }
    }

    @Test func `a messages request can force a tool instead`() throws {
        let sent = try body(.messages, vote, structured: .tool)
        #expect(sent["output_config"] == nil)
        #expect(sent["tool_choice"] == ["type": "tool", "name": "refund-triage--"])
        #expect(sent["tools"]?.array?.first?["name"] == "refund-triage--")
        let schema = sent["tools"]?.array?.first?["input_schema"]
        #expect(schema?["properties"]?.object?.names == ["action", "reason"])
    }

    @Test func `messages takes a picture by its address or by its bytes`() throws {
        func source(_ url: String) throws -> JSON? {
            let picture = Message.Part.media(url: url, contentType: nil)
            let message = Message(role: .user, content: [.text("See"), picture])
            let sent = try body(.messages, vote, [message])
            return sent["messages"]?.array?.first?["content"]?.array?.last?["source"]
        }
        #expect(try source("https://h/p.png") == ["type": "url", "url": "https://h/p.png"])
        #expect(
            try source("data:image/png;base64,AA==")
                == ["type": "base64", "media_type": "image/png", "data": "AA=="]
        )
    }

    @Test func `messages sends its key and its version in headers of its own`() throws {
        let headers = Shape.messages.coding().headers(key: try Secret("sk-1"))
        #expect(headers.map(\.name) == ["anthropic-version", "x-api-key"])
    }

    @Test func `a systemone request names its criteria and asks booleans as such`() throws {
        let sent = try body(.systemone, probability)
        let expected: JSON = [
            "model": "banker-1",
            "state": "Hello",
            "questions": [
                "action": [
                    "type": "choice", "instructions": "Decide.",
                    "criteria": ["refund": nil, "reject": nil],
                ]
            ],
        ]
        #expect(sent == expected)
        let urgent = try body(
            .systemone,
            ConfidenceClause(from: .probability, of: "urgent"),
            schema: [
                "type": "object", "properties": ["urgent": ["type": "boolean"]],
                "required": ["urgent"],
            ]
        )
        #expect(
            urgent["questions"] == ["urgent": ["type": "noul", "instructions": "Decide."]]
        )
    }

    @Test(arguments: [
        (Shape.chat, [Message(role: .tool, content: [.text("x")])], "no tool"),
        (.chat, [], "no message"),
        (.decisions, [Message(role: .tool, content: [.text("x")])], "no tool"),
        (.decisions, [Message(role: .system, content: [.text("x")])], "only system messages"),
        (
            .decisions, [Message(role: .user, content: [.media(url: "u", contentType: nil)])],
            "text only"
        ),
        (.systemone, [Message(role: .system, content: [.text("x")])], "only system messages"),
        (.responses, [Message(role: .tool, content: [.text("x")])], "no tool"),
        (.responses, [Message(role: .system, content: [.text("x")])], "only system messages"),
        (.messages, [Message(role: .tool, content: [.text("x")])], "no tool"),
        (.messages, [], "only system messages"),
    ])
    func `messages that a shape cannot take are an error that says so`(
        _ shape: Shape,
        _ messages: [Message],
        _ said: String
    ) {
        let clause: ConfidenceClause
        switch shape {
        case .chat, .responses: clause = logprob
        case .messages: clause = vote
        case .decisions, .systemone: clause = probability
        }
        let error = #expect(throws: ModelError.self) { try body(shape, clause, messages) }
        #expect(error?.message.contains(said) == true, "\(String(describing: error))")
    }
}
