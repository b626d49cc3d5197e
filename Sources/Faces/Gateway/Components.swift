internal import Values

/// The schemas that rows share, by the names that clients see.
enum Components {
    private static let place = "#/components/schemas/"
    private static let local = "#/$defs/"

    /// In the order they are documented in.
    static let all: [(name: String, schema: JSON)] =
        decisions + runs + runRequests + reviews + workspace + releases + [("Problem", problem)]

    static func ref(_ name: String) -> JSON { ["$ref": .string(place + name)] }

    /// A schema made ready to check values; what it refers to is looked up in `all`.
    ///
    /// Where formats are annotated, what reads a value of one tells what is wrong with it, and where
    /// to get one.
    static func compiled(_ schema: JSON, formats: Schema.Formats = .asserted) -> Schema {
        let names = all.map { JSONObject.Member($0.name, localized($0.schema)) }
        let whole: JSON
        if refers(schema), let object = localized(schema).object {
            whole = .object(
                object.setting("$defs", to: .object(JSONObject(uniqueMembers: names)))
            )
        } else {
            whole = schema
        }
        do {
            return try Schema(whole, formats: formats)
        } catch {
            preconditionFailure("a schema of the API does not compile: \(error.rendered)")
        }
    }

    private static func refers(_ schema: JSON) -> Bool {
        switch schema {
        case .object(let object):
            object["$ref"] != nil || object.members.contains { refers($0.value) }
        case .array(let elements): elements.contains(where: refers)
        default: false
        }
    }

    /// References to the document's components as references to the schema's own definitions.
    private static func localized(_ schema: JSON) -> JSON {
        switch schema {
        case .object(let object):
            return .object(
                JSONObject(
                    uniqueMembers: object.members.map { member in
                        guard member.name == "$ref", let text = member.value.string,
                            text.hasPrefix(place)
                        else { return .init(member.name, localized(member.value)) }
                        return .init("$ref", .string(local + text.dropFirst(place.count)))
                    }
                )
            )
        case .array(let elements): return .array(elements.map(localized))
        default: return schema
        }
    }

    private static let problem = Form.object(
        "Why a request was not done (RFC 9457).",
        [
            (
                "type",
                Form.text("Which problem it is, a stable name.", "urn:stepgate:problem:not-found")
            ),
            ("title", Form.text("The kind of problem in a few words.", "Not found")),
            ("status", Form.count("The answer's status.", from: 400, to: 599)),
            ("detail", Form.text("What is wrong with this request, and what to do instead.")),
        ],
        optional: [
            (
                "errors",
                Form.list(
                    "What is wrong where.",
                    of: Form.object(
                        "One place and what is wrong with it.",
                        [
                            (
                                "pointer",
                                Form.text(
                                    "The value in question, as a JSON pointer into what was sent.",
                                    "/amount"
                                )
                            ),
                            (
                                "detail",
                                Form.text("What was expected there, and what was there.")
                            ),
                        ]
                    )
                )
            )
        ],
        example: [
            "type": "urn:stepgate:problem:invalid-input",
            "title": "The input does not fit the policy", "status": 422,
            "detail": "/amount: expected number; got a string",
            "errors": [["pointer": "/amount", "detail": "expected number; got a string"]],
        ]
    )
}
