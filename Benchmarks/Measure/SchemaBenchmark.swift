internal import CAllocations
internal import Values

/// A document of one kilobyte that fits a schema of forty properties.
enum SchemaBenchmark {
    /// The kinds of properties in turn, each with a value that fits.
    private static let kinds: [(schema: JSON, value: JSON)] = [
        (["type": "string", "minLength": 1, "maxLength": 80], "The parcel came late"),
        (["type": "integer", "minimum": 0, "maximum": 100_000], 4_200),
        (["enum": ["new", "standard", "gold", "platinum"]], "gold"),
        (["type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01], 19.95),
        (["type": ["boolean", "null"]], true),
        (["type": "array", "items": ["type": "string"], "maxItems": 8], ["web", "urgent"]),
        (["type": "string", "format": "date"], "2026-01-31"),
        (
            [
                "type": "object", "required": ["id"], "additionalProperties": false,
                "properties": [
                    "id": ["type": "string", "pattern": "^C-[0-9]+$"], "vip": ["type": "boolean"],
                ],
            ],
            ["id": "C-1042", "vip": false]
        ),
    ]

    static func figures() throws -> [Figure] {
        var properties: [JSONObject.Member] = []
        var members: [JSONObject.Member] = []
        var required: [JSON] = []
        for number in 0..<40 {
            let (schema, value) = kinds[number % kinds.count]
            properties.append(.init("property\(number)", schema))
            members.append(.init("property\(number)", value))
            if number.isMultiple(of: 2) { required.append(.string("property\(number)")) }
        }
        let schema = try Schema([
            "type": "object", "required": .array(required), "additionalProperties": false,
            "properties": .object(JSONObject(uniqueMembers: properties)),
        ])
        let text = JSON.object(JSONObject(uniqueMembers: members)).compactText
        let document = try JSON.read(text)
        precondition(schema.validate(document).isEmpty, "the document fits")
        var sink = 0
        let subject = Measure.nanoseconds(20_000) {
            if schema.validate(document).isEmpty { sink &+= 1 }
        }
        let before = stepgate_allocations()
        for _ in 0..<1_000 where schema.validate(document).isEmpty { sink &+= 1 }
        let allocations = Double(stepgate_allocations() - before) / 1_000
        precondition(sink >= 0, "the work is not optimised away")
        var figure = Figure(
            "schema of 40 properties, \(text.utf8.count) bytes",
            unit: "us",
            subject: subject / 1_000,
            goal: .under(5)
        )
        figure.allocations = allocations
        return [figure]
    }
}
