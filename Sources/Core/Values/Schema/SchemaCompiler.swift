/// Reads a schema document into rules, collecting every diagnostic.
struct SchemaCompiler {
    private static let annotations: Set<String> = [
        "title", "description", "default", "examples", "format", "deprecated", "readOnly",
        "writeOnly", "$comment", "$schema", "$id", "$defs", "definitions", "contentEncoding",
        "contentMediaType", "contentSchema", "$anchor", "then", "else", "minContains",
        "maxContains", "$vocabulary",
    ]
    private static let missing: Set<String> = [
        "$dynamicRef", "$dynamicAnchor", "unevaluatedItems", "unevaluatedProperties",
    ]
    private static let assertions: Set<String> = [
        "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf", "minLength", "maxLength", "pattern", "items", "prefixItems", "minItems",
        "maxItems", "uniqueItems", "contains", "properties", "patternProperties",
        "additionalProperties", "required", "minProperties", "maxProperties", "propertyNames",
        "dependentRequired", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if", "$ref",
    ]

    private let root: Node
    var rules: [SchemaRule] = []
    private var diagnostics: [Diagnostic] = []
    /// The rule of each place that a `$ref` names.
    private var references: [String: Int] = [:]
    private var pending: [(place: String, node: Node, rule: Int)] = []

    init(root: Node) { self.root = root }

    mutating func compile() throws(Diagnostics) -> [SchemaRule] {
        references["#"] = 0
        _ = add(root)
        while let next = pending.popLast() { rules[next.rule] = read(next.node) }
        if !diagnostics.isEmpty { throw Diagnostics(diagnostics) }
        return rules
    }

    /// Makes room for a rule, so that circles end, and reads it.
    mutating func add(_ node: Node) -> Int {
        let number = rules.count
        rules.append(SchemaRule())
        if number >= Limits.schemaRules {
            if number == Limits.schemaRules {
                note("a schema must not have more than \(Limits.schemaRules) parts", node)
            }
            return number
        }
        rules[number] = read(node)
        return number
    }

    mutating func note(_ message: String, _ node: Node, fix: String? = nil) {
        diagnostics.append(Diagnostic(message, at: node.range, fix: fix))
    }

    private mutating func read(_ node: Node) -> SchemaRule {
        switch node.content {
        case .scalar(.bool(let all)): return SchemaRule(checks: all ? [] : [.never])
        case .mapping(let entries):
            var rule = SchemaRule()
            for entry in entries {
                if let check = check(entry, in: node) { rule.checks.append(check) }
            }
            if let members = members(of: node) { rule.checks.append(.members(members)) }
            if let items = items(of: node) { rule.checks.append(items) }
            return rule
        default:
            note("expected a schema: an object, true or false", node)
            return SchemaRule()
        }
    }

    private mutating func check(_ entry: Node.Entry, in node: Node) -> SchemaRule.Check? {
        let value = entry.value
        switch entry.name {
        case "type": return types(value)
        case "enum": return elements(value).map { .allowed($0.map(\.json), keyword: "enum") }
        case "const": return .allowed([value.json], keyword: "const")
        case "minimum": return number(value).map { .minimum($0, exclusive: false) }
        case "exclusiveMinimum": return number(value).map { .minimum($0, exclusive: true) }
        case "maximum": return number(value).map { .maximum($0, exclusive: false) }
        case "exclusiveMaximum": return number(value).map { .maximum($0, exclusive: true) }
        case "multipleOf":
            guard let number = number(value)?.number, number > 0 else {
                note("'multipleOf' needs a number above 0", value)
                return nil
            }
            return .multipleOf(number)
        case "minLength": return count(value).map { .length(min: $0, max: nil) }
        case "maxLength": return count(value).map { .length(min: nil, max: $0) }
        case "minItems": return count(value).map { .itemCount(min: $0, max: nil) }
        case "maxItems": return count(value).map { .itemCount(min: nil, max: $0) }
        case "minProperties": return count(value).map { .memberCount(min: $0, max: nil) }
        case "maxProperties": return count(value).map { .memberCount(min: nil, max: $0) }
        case "uniqueItems": return value.scalar?.bool == true ? .uniqueItems : nil
        case "pattern": return pattern(value.scalar?.string, value).map { .pattern($0) }
        case "required": return strings(value).map { .required($0) }
        case "contains": return contains(value, in: node)
        case "propertyNames": return .names(add(value))
        case "dependentRequired": return dependentRequired(value)
        case "dependentSchemas": return named(value).map { .dependent($0) }
        case "allOf": return elements(value).map { nodes in .all(nodes.map { add($0) }) }
        case "anyOf": return elements(value).map { nodes in .any(nodes.map { add($0) }) }
        case "oneOf": return elements(value).map { nodes in .one(nodes.map { add($0) }) }
        case "not": return .not(add(value))
        case "if":
            return .conditional(
                if: add(value),
                then: node["then"].map { add($0) },
                else: node["else"].map { add($0) }
            )
        case "$ref": return reference(value)
        default:
            checkKeyword(entry)
            return nil
        }
    }

    private mutating func checkKeyword(_ entry: Node.Entry) {
        let name = entry.name
        if Self.assertions.contains(name) || Self.annotations.contains(name) { return }
        if name.hasPrefix("x-") { return }
        if Self.missing.contains(name) {
            diagnostics.append(Diagnostic("'\(name)' is not available yet", at: entry.nameRange))
            return
        }
        let known = Self.assertions.union(Self.annotations)
        diagnostics.append(
            Diagnostic(
                "'\(name)' is no keyword of JSON Schema",
                at: entry.nameRange,
                fix: nearest(name, in: known.sorted()).map { "write '\($0)'" }
                    ?? "begin names of your own with 'x-'"
            )
        )
    }

    // MARK: Keywords with arguments of their own

    private mutating func types(_ node: Node) -> SchemaRule.Check? {
        guard let names = node.scalar?.string.map({ [$0] }) ?? strings(node) else { return nil }
        var kinds: Set<SchemaRule.Kind> = []
        for name in names {
            guard let kind = SchemaRule.Kind(rawValue: name) else {
                let known = SchemaRule.Kind.allCases.map(\.rawValue)
                note(
                    "'\(name)' is no type; expected one of \(known.joined(separator: ", "))",
                    node,
                    fix: nearest(name, in: known).map { "write '\($0)'" }
                )
                return nil
            }
            kinds.insert(kind)
            if kind == .number { kinds.insert(.integer) }
        }
        return .types(kinds)
    }

    private mutating func members(of node: Node) -> SchemaRule.Members? {
        let (properties, patterns) = (node["properties"], node["patternProperties"])
        let others = node["additionalProperties"]
        if properties == nil, patterns == nil, others == nil { return nil }
        var compiled: [(RegularExpression, Int)] = []
        for entry in patterns.flatMap({ mapping($0) }) ?? [] {
            guard let expression = pattern(entry.name, entry.value) else { continue }
            compiled.append((expression, add(entry.value)))
        }
        return SchemaRule.Members(
            named: properties.flatMap { named($0) } ?? [:],
            patterns: compiled,
            others: others.map { add($0) }
        )
    }

    private mutating func items(of node: Node) -> SchemaRule.Check? {
        let (prefix, rest) = (node["prefixItems"], node["items"])
        if prefix == nil, rest == nil { return nil }
        let numbers = prefix.flatMap { elements($0) }?.map { add($0) } ?? []
        return .items(prefix: numbers, rest: rest.map { add($0) })
    }

    private mutating func contains(_ value: Node, in node: Node) -> SchemaRule.Check? {
        .contains(
            add(value),
            min: node["minContains"].flatMap { count($0) } ?? 1,
            max: node["maxContains"].flatMap { count($0) }
        )
    }

    private mutating func dependentRequired(_ node: Node) -> SchemaRule.Check? {
        var all: [String: [String]] = [:]
        for entry in mapping(node) ?? [] { all[entry.name] = strings(entry.value) ?? [] }
        return .dependentRequired(all)
    }

    private mutating func reference(_ node: Node) -> SchemaRule.Check? {
        guard let text = node.scalar?.string else {
            note("'$ref' needs a text such as '#/$defs/name'", node)
            return nil
        }
        if let known = references[text] { return .reference(known) }
        guard text.hasPrefix("#") else {
            note("a reference to another document ('\(text)') is not available yet", node)
            return nil
        }
        guard let target = target(String(text.dropFirst())) else {
            note("'\(text)' names nothing in this schema", node)
            return nil
        }
        references[text] = rules.count
        return .reference(add(target))
    }

    private func target(_ fragment: String) -> Node? {
        guard let decoded = percentDecoded(fragment), let pointer = try? JSONPointer(decoded) else {
            return nil
        }
        var place: Node? = root
        for token in pointer.tokens {
            place =
                place?[token]
                ?? Int(token).flatMap { index in
                    guard let elements = place?.elements, elements.indices.contains(index) else {
                        return nil
                    }
                    return elements[index]
                }
        }
        return place
    }

    private func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue),
                let low = rest.popFirst().flatMap(hexValue)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
