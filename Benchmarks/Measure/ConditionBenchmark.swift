internal import CAllocations
internal import Expressions
internal import Values

/// One condition with three operands, its input parsed and its program planned.
enum ConditionBenchmark {
    private static let condition =
        #"request.amount > 500.0 && request.tier in ["gold","platinum"] && "#
        + #"request.tags.exists(t, t.startsWith("urgent"))"#

    static func figures() throws -> [Figure] {
        let schema: JSON = [
            "type": "object", "required": ["amount", "tier", "tags"],
            "properties": [
                "amount": ["type": "number"], "tier": ["type": "string"],
                "tags": ["type": "array", "items": ["type": "string"]],
            ],
        ]
        let environment = ExpressionEnvironment(
            variables: [Variable("request", ExpressionType(schema: schema))]
        )
        let program = try environment.compile(
            SourceFragment(name: "<condition>", text: condition),
            expecting: .bool
        )
        let holding = try JSON.read(
            #"{"amount": 900.5, "tier": "platinum", "tags": ["new", "web", "urgent-call"]}"#
        )
        let failing = try JSON.read(#"{"amount": 12.5, "tier": "gold", "tags": ["urgent"]}"#)
        return [
            try figure("condition that holds", environment, program, holding, expected: .holds),
            try figure(
                "condition whose first operand fails",
                environment,
                program,
                failing,
                expected: .fails
            ),
        ]
    }

    private static func figure(
        _ name: String,
        _ environment: ExpressionEnvironment,
        _ program: Program,
        _ input: JSON,
        expected: ConditionOutcome
    ) throws -> Figure {
        var bindings = Bindings(environment)
        bindings.set("request", json: input)
        precondition(program.condition(bindings) == expected, "the condition comes out wrong")
        var sink = 0
        let subject = Measure.nanoseconds(200_000) {
            if program.condition(bindings) == .holds { sink &+= 1 }
        }
        let floor = Measure.nanoseconds(200_000) { if byHand(input) { sink &+= 1 } }
        let before = stepgate_allocations()
        for _ in 0..<1_000 where program.condition(bindings) == .holds { sink &+= 1 }
        let allocations = Double(stepgate_allocations() - before) / 1_000
        precondition(sink >= 0, "the work is not optimised away")
        var figure = Figure(name, unit: "ns", floor: floor, subject: subject)
        figure.allocations = allocations
        return figure
    }

    /// The same in Swift.
    @inline(never)
    private static func byHand(_ input: JSON) -> Bool {
        guard let amount = input["amount"]?.number, amount > 500 else { return false }
        guard let tier = input["tier"]?.string, tier == "gold" || tier == "platinum" else {
            return false
        }
        return input["tags"]?.array?.contains { $0.string?.hasPrefix("urgent") ?? false } ?? false
    }
}
