internal import Values

/// Schemas written short, so that a table of them stays readable.
enum Form {
    static func text(_ description: String, _ examples: JSON...) -> JSON {
        described(["type": "string"], description, examples)
    }

    static func instant(_ description: String) -> JSON {
        described(
            ["type": "string", "format": "date-time"],
            description,
            ["2026-03-01T09:30:00.000000Z"]
        )
    }

    static func identifier(_ description: String) -> JSON {
        described(
            ["type": "string", "format": "uuid"],
            description,
            ["019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b"]
        )
    }

    static func digest(_ description: String) -> JSON {
        described(
            ["type": "string", "pattern": "^[0-9a-f]{64}$"],
            description,
            ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
        )
    }

    static func word(_ description: String, of words: [String]) -> JSON {
        described(
            ["type": "string", "enum": .array(words.map(JSON.string))],
            description,
            []
        )
    }

    static func count(_ description: String, from low: Int64 = 0, to high: Int64? = nil) -> JSON {
        guard case .object(var object) = ["type": "integer", "minimum": .int(low)] as JSON else {
            preconditionFailure("a literal is what it says")
        }
        if let high { object = object.setting("maximum", to: .int(high)) }
        return described(.object(object), description, [])
    }

    /// A text that says which of others it is, so that an empty one is none.
    static func filled(_ description: String, _ examples: JSON...) -> JSON {
        described(["type": "string", "minLength": 1], description, examples)
    }

    static func matching(_ pattern: String, _ description: String, _ examples: JSON...) -> JSON {
        described(["type": "string", "pattern": .string(pattern)], description, examples)
    }

    /// A count that is sent, which every reader of JSON holds exactly.
    static func given(_ description: String, from low: Int64 = 0) -> JSON {
        count(description, from: low, to: 9_007_199_254_740_991)
    }

    static func number(_ description: String) -> JSON {
        described(["type": "number"], description, [])
    }

    static func truth(_ description: String) -> JSON {
        described(["type": "boolean"], description, [])
    }

    /// Any value at all.
    static func any(_ description: String, _ examples: JSON...) -> JSON {
        described([:], description, examples)
    }

    static func list(_ description: String, of element: JSON) -> JSON {
        described(["type": "array", "items": element], description, [])
    }

    /// The same, or null.
    static func orNull(_ form: JSON) -> JSON {
        guard let type = form["type"], let object = form.object else { return form }
        var changed = object.setting("type", to: [type, "null"])
        if let words = form["enum"]?.array {
            changed = changed.setting("enum", to: .array(words + [.null]))
        }
        return .object(changed)
    }

    /// An object of these members and no others.
    static func object(
        _ description: String,
        _ members: [(String, JSON)],
        optional: [(String, JSON)] = [],
        example: JSON? = nil
    ) -> JSON {
        let all = (members + optional).map { JSONObject.Member($0.0, $0.1) }
        let form: JSON = [
            "type": "object", "properties": .object(JSONObject(uniqueMembers: all)),
            "required": .array(members.map { .string($0.0) }), "additionalProperties": false,
        ]
        return described(form, description, example.map { [$0] } ?? [])
    }

    /// An object whose members are named by what they are about.
    static func map(_ description: String, of value: JSON) -> JSON {
        described(["type": "object", "additionalProperties": value], description, [])
    }

    /// What it is when nothing is said.
    static func usually(_ value: JSON, _ form: JSON) -> JSON { setting("default", value, form) }

    static func setting(_ name: String, _ value: JSON, _ form: JSON) -> JSON {
        guard let object = form.object else { preconditionFailure("a form is an object") }
        return .object(object.setting(name, to: value))
    }

    private static func described(_ form: JSON, _ description: String, _ examples: [JSON]) -> JSON {
        let told = setting("description", .string(description), form)
        return examples.isEmpty ? told : setting("examples", .array(examples), told)
    }
}
