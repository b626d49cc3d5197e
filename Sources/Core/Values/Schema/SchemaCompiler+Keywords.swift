/// What each keyword becomes.
extension SchemaCompiler {
    /// The check of a keyword that stands on its own; nothing for one that asserts nothing.
    mutating func keyword(_ entry: Node.Entry, in node: Node) -> SchemaKeyword? {
        let (name, value) = (entry.name, entry.value)
        switch name {
        case "enum": return elements(value, name).map { enumeration($0, name) }
        case "const": return enumeration([value], name)
        case "minimum": return bound(value, name).map { .minimum($0, exclusive: false) }
        case "exclusiveMinimum": return bound(value, name).map { .minimum($0, exclusive: true) }
        case "maximum": return bound(value, name).map { .maximum($0, exclusive: false) }
        case "exclusiveMaximum": return bound(value, name).map { .maximum($0, exclusive: true) }
        case "multipleOf": return multiple(value)
        case "minLength": return count(value, name).map { .minLength($0) }
        case "maxLength": return count(value, name).map { .maxLength($0) }
        case "minItems": return count(value, name).map { .minItems($0) }
        case "maxItems": return count(value, name).map { .maxItems($0) }
        case "minProperties": return count(value, name).map { .minProperties($0) }
        case "maxProperties": return count(value, name).map { .maxProperties($0) }
        case "uniqueItems": return flag(value, name) ? .uniqueItems : nil
        case "pattern": return text(value, name).flatMap { pattern($0, name) }
        case "format": return format(value)
        case "contains":
            return .contains(
                inner(name),
                min: node["minContains"].flatMap { count($0, "minContains") } ?? 1,
                max: node["maxContains"].flatMap { count($0, "maxContains") }
            )
        case "propertyNames": return .propertyNames(inner(name))
        case "dependentRequired": return dependentRequired(value)
        case "dependentSchemas": return dependentSchemas(value)
        case "allOf": return list(value, name).map { .allOf(builder.run($0)) }
        case "anyOf": return list(value, name).map { .anyOf(builder.run($0)) }
        case "oneOf": return list(value, name).map { .oneOf(builder.run($0)) }
        case "not": return .not(inner(name))
        case "if": return conditional(node)
        case "$ref": return reference(value)
        case "$dynamicRef": return dynamicReference(value)
        default:
            checkName(entry)
            return nil
        }
    }

    /// The draft lets anything be a keyword; one that is none is most likely misspelt.
    private mutating func checkName(_ entry: Node.Entry) {
        let name = entry.name
        if name == "$schema" { return checkDraft(entry) }
        if SchemaKeywords.isKnown(name) || name.hasPrefix("x-") { return }
        warn(
            "'\(name)' is no keyword of JSON Schema, and says nothing of a value",
            name,
            at: entry.nameRange,
            fix: SchemaKeywords.fix(for: name)
        )
    }

    private mutating func checkDraft(_ entry: Node.Entry) {
        let draft = "https://json-schema.org/draft/2020-12/schema"
        guard let written = entry.value.scalar?.string else {
            return note("expected the address of a metaschema", ["$schema"])
        }
        if written.contains("json-schema.org/draft"), URIReference(written).document != draft {
            warn(
                "'\(written)' is another draft; this is read as draft 2020-12",
                entry.name,
                at: entry.value.range,
                fix: "write '\(draft)'"
            )
        }
    }

    // MARK: Keywords that work together

    /// `properties`, `patternProperties`, `additionalProperties` and `required`.
    mutating func members(of node: Node) -> SchemaKeyword? {
        let keywords = ["properties", "patternProperties", "additionalProperties", "required"]
        if keywords.allSatisfy({ node[$0] == nil }) { return nil }
        var patterns: [(expression: RegularExpression, rule: Int)] = []
        if let written = node["patternProperties"] {
            for (name, rule) in named(written, "patternProperties") ?? [] {
                guard let expression = expression(name, ["patternProperties", name]) else {
                    continue
                }
                patterns.append((expression, rule))
            }
        }
        builder.members.append(
            SchemaMembers(
                named: node["properties"].flatMap { named($0, "properties") } ?? [],
                required: node["required"].flatMap { strings($0, "required") } ?? [],
                patterns: patterns,
                others: node["additionalProperties"].map { _ in inner("additionalProperties") }
            )
        )
        return .members(builder.members.count - 1)
    }

    /// `prefixItems` and `items`.
    mutating func items(of node: Node) -> SchemaKeyword? {
        let (prefix, rest) = (node["prefixItems"], node["items"])
        if prefix == nil, rest == nil { return nil }
        if rest?.elements != nil {
            note("'items' is one schema", ["items"], fix: "write 'prefixItems' for a list of them")
            return nil
        }
        return .items(
            prefix: builder.run(prefix.flatMap { list($0, "prefixItems") } ?? []),
            rest: rest.map { _ in inner("items") }
        )
    }

    private mutating func conditional(_ node: Node) -> SchemaKeyword? {
        .conditional(
            if: inner("if"),
            then: node["then"].map { _ in inner("then") },
            otherwise: node["else"].map { _ in inner("else") }
        )
    }

    private mutating func dependentRequired(_ node: Node) -> SchemaKeyword? {
        guard let entries = mapping(node, "dependentRequired") else { return nil }
        let all = entries.map { entry in
            SchemaDependencies.Dependency(
                name: entry.name,
                needed: strings(entry.value, "dependentRequired", entry.name) ?? []
            )
        }
        builder.dependencies.append(SchemaDependencies(all))
        return .dependentRequired(builder.dependencies.count - 1)
    }

    private mutating func dependentSchemas(_ node: Node) -> SchemaKeyword? {
        guard let named = named(node, "dependentSchemas") else { return nil }
        let all = named.map { SchemaDependencies.Dependency(name: $0.name, rule: $0.rule) }
        builder.dependencies.append(SchemaDependencies(all))
        return .dependentSchemas(builder.dependencies.count - 1)
    }

    private mutating func enumeration(_ nodes: [Node], _ keyword: String) -> SchemaKeyword {
        builder.enumerations.append(SchemaEnumeration(nodes.map(\.json), keyword: keyword))
        return .enumeration(builder.enumerations.count - 1)
    }

    private mutating func bound(_ node: Node, _ keyword: String) -> Int? {
        guard let number = number(node, keyword) else { return nil }
        builder.numbers.append(number)
        return builder.numbers.count - 1
    }

    private mutating func multiple(_ node: Node) -> SchemaKeyword? {
        guard let number = number(node, "multipleOf") else { return nil }
        guard number.number ?? 0 > 0, let factor = DecimalNumber(number) else {
            note("expected a number above 0", ["multipleOf"])
            return nil
        }
        return .multipleOf(factor)
    }
}
