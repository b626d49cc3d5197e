/// The keywords of draft 2020-12, by what they hold.
enum SchemaKeywords {
    enum Form: Sendable {
        /// A schema.
        case one
        /// A list of schemas.
        case list
        /// Names with a schema each.
        case map
    }

    /// Keywords with schemas inside.
    static let forms: [String: Form] = [
        "items": .one, "contains": .one, "additionalProperties": .one, "propertyNames": .one,
        "not": .one, "if": .one, "then": .one, "else": .one, "unevaluatedItems": .one,
        "unevaluatedProperties": .one, "contentSchema": .one,
        "allOf": .list, "anyOf": .list, "oneOf": .list, "prefixItems": .list,
        "properties": .map, "patternProperties": .map, "dependentSchemas": .map, "$defs": .map,
        "definitions": .map,
    ]

    static let others: Set<String> = [
        "$schema", "$id", "$anchor", "$ref", "$dynamicRef", "$dynamicAnchor", "$vocabulary",
        "$comment", "type", "enum", "const", "multipleOf", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems",
        "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties",
        "required", "dependentRequired", "format", "contentEncoding", "contentMediaType", "title",
        "description", "default", "deprecated", "readOnly", "writeOnly", "examples",
    ]

    /// Keywords that say nothing of a value on their own.
    static let annotations: Set<String> = [
        "$schema", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment", "$defs", "definitions",
        "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples",
        "contentEncoding", "contentMediaType", "contentSchema",
    ]

    /// Keywords of earlier drafts and of OpenAPI, with what to write today.
    static let former: [String: String] = [
        "additionalItems": "write 'items', and the list before it as 'prefixItems'",
        "dependencies": "write 'dependentRequired' or 'dependentSchemas'",
        "id": "write '$id'",
        "$recursiveRef": "write '$dynamicRef'",
        "$recursiveAnchor": "write '$dynamicAnchor'",
        "nullable": "write 'type: [string, \"null\"]', with the type that it has",
        "example": "write 'examples', a list",
    ]

    static func isKnown(_ name: String) -> Bool { forms[name] != nil || others.contains(name) }

    /// What to write in place of a name that is no keyword.
    static func fix(for name: String) -> String {
        if let today = former[name] { return today }
        let known = (Array(forms.keys) + others).sorted()
        return nearest(name, in: known).map { "write '\($0)'" }
            ?? "begin names of your own with 'x-'"
    }
}
