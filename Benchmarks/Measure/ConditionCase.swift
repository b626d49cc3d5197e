internal import CAllocations
internal import Expressions
internal import Values

/// A condition such as policies have, with an input for which it comes out as said.
struct ConditionCase {
    let name: String
    let text: String
    let input: JSON
    var expected = ConditionOutcome.holds
    var goal: Goal?

    private static let schema: JSON = [
        "type": "object",
        "required": ["amount", "paid", "tier", "tags", "country", "message", "created", "limits"],
        "properties": [
            "amount": ["type": "number"], "paid": ["type": "number"],
            "tier": ["enum": ["new", "standard", "gold", "platinum"]],
            "tags": ["type": "array", "items": ["type": "string"]],
            "country": ["type": "string"], "message": ["type": "string"],
            "created": ["type": "string"],
            "limits": ["type": "object", "additionalProperties": ["type": "number"]],
            "customer": [
                "type": "object", "properties": ["segment": ["type": "string"]],
            ],
        ],
    ]

    static let environment = ExpressionEnvironment(
        variables: [Variable("request", ExpressionType(schema: schema))]
    )

    /// A request with some members other than usual.
    private static func request(_ members: [(name: String, value: JSON)] = []) -> JSON {
        var request = JSONObject(uniqueMembers: [
            .init("amount", 900.5), .init("paid", 100.25), .init("tier", "platinum"),
            .init("tags", ["new", "web", "urgent-call"]), .init("country", "PT"),
            .init(
                "message",
                "Hello, the parcel of my order 4711042 came late and open; I ask for a refund."
            ),
            .init("created", "2026-01-31T08:15:00Z"),
            .init("limits", ["usd": 1_000.5, "eur": 950.5, "gbp": 800.5]),
            .init("customer", ["segment": "gold"]),
        ])
        for (name, value) in members { request = request.setting(name, to: value) }
        return .object(request)
    }

    /// A list of texts as an expression writes it.
    private static func list(_ texts: [String]) -> String {
        JSON.array(texts.map(JSON.string)).compactText
    }

    private static let three =
        #"request.amount > 500.0 && request.tier in ["gold","platinum"] && "#
        + #"request.tags.exists(t, t.startsWith("urgent"))"#

    /// The one that other engines publish figures of.
    static let published = [
        ConditionCase(
            name: "condition that holds",
            text: three,
            input: request(),
            goal: .under(700)
        ),
        ConditionCase(
            name: "condition whose first operand fails",
            text: three,
            input: request([("amount", 12.5)]),
            expected: .fails,
            goal: .under(150)
        ),
    ]

    static let typical: [ConditionCase] = [
        ConditionCase(
            name: "texts",
            text: #"request.message.contains("refund") && request.message.size() < 400"#,
            input: request()
        ),
        ConditionCase(
            name: "in 10 constants",
            text: "request.country in "
                + list(["DE", "FR", "IT", "ES", "NL", "BE", "AT", "PL", "SE", "PT"]),
            input: request()
        ),
        ConditionCase(
            name: "in 100 constants",
            text: "request.country in " + list((1...100).map { "C-\($0)" }),
            input: request([("country", "C-100")])
        ),
        ConditionCase(
            name: "exists in 100 elements",
            text: #"request.tags.exists(t, t == "tag-100")"#,
            input: request([("tags", .array((1...100).map { .string("tag-\($0)") }))])
        ),
        ConditionCase(
            name: "timestamps",
            text: #"timestamp(request.created) + duration("72h") > "#
                + #"timestamp("2026-02-01T00:00:00Z")"#,
            input: request()
        ),
        ConditionCase(
            name: "optional chain",
            text: #"request.?customer.?segment.orValue("none") == "gold""#,
            input: request()
        ),
        ConditionCase(
            name: "regular expression",
            text: #"request.message.matches("(?i)order [0-9]{5,}")"#,
            input: request()
        ),
        ConditionCase(
            name: "map lookup",
            text: #"request.limits["eur"] >= request.amount"#,
            input: request()
        ),
        ConditionCase(
            name: "arithmetic",
            text: "(request.amount - request.paid) * 1.19 / 12.0 > 40.0",
            input: request()
        ),
        ConditionCase(
            name: "nested ternary",
            text: #"(request.amount < 10.0 ? "small" : request.amount < 100.0 ? "medium" : "#
                + #"request.amount < 1000.0 ? "large" : "huge") == "large""#,
            input: request()
        ),
        ConditionCase(
            name: "enumeration",
            text: #"request.tier == "platinum""#,
            input: request()
        ),
    ]

    /// What it takes once it is compiled and its input parsed.
    func measured(floor: (() -> Bool)? = nil) throws -> Figure {
        let program = try Self.environment.compile(
            SourceFragment(name: "<condition>", text: text),
            expecting: .bool
        )
        var bindings = Bindings(Self.environment)
        bindings.set("request", json: input)
        guard program.condition(bindings) == expected else {
            throw InvalidRun("'\(name)' comes out as \(program.condition(bindings))")
        }
        var sink = 0
        let subject = Measure.nanoseconds(100_000) {
            if program.condition(bindings) == .holds { sink &+= 1 }
        }
        let least = floor.map { floor in
            Measure.nanoseconds(100_000) { if floor() { sink &+= 1 } }
        }
        let before = stepgate_allocations()
        for _ in 0..<1_000 where program.condition(bindings) == .holds { sink &+= 1 }
        let allocations = Double(stepgate_allocations() - before) / 1_000
        precondition(sink >= 0, "the work is not optimised away")
        var figure = Figure(name, unit: "ns", floor: least ?? 0, subject: subject, goal: goal)
        figure.allocations = allocations
        return figure
    }
}
