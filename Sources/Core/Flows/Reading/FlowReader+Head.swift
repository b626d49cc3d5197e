internal import Access
internal import Autonomy
internal import Expressions
internal import Values

/// Fields, triggers and concurrency.
extension FlowReader {
    mutating func readFields(_ node: Node?, _ input: Schema?) {
        guard let node else { return }
        guard node.entries != nil else {
            reader.error("'fields' needs names with a type each", node.range)
            return
        }
        let written: JSON
        do {
            written = try Picoschema.schema(from: node)
        } catch {
            reader.add(error)
            return
        }
        let members = written["properties"]?.object?.members ?? []
        if members.count > Limits.fields {
            reader.error("a flow may have at most \(Limits.fields) fields", node.range)
        }
        for member in members.prefix(Limits.fields) {
            let at = node.entries?.first { $0.name.hasPrefix(member.name) }?.nameRange
            let place = at ?? node.range
            guard member.name.isFlowName else {
                reader.error(
                    "a field begins with a small letter, then small letters, digits and '_'; got "
                        + member.name,
                    place,
                    fix: "write '\(member.name.asFlowName)'"
                )
                continue
            }
            guard let kind = FlowField.Kind(ExpressionType(field: member.value)) else {
                reader.error(
                    "the field '\(member.name)' needs one of string, number, integer, boolean, or "
                        + "an enum, so that runs can be sorted by it",
                    place
                )
                continue
            }
            let property = input?.document["properties"]?[member.name]
            let isFromInput = property.map { kind.holdsAll(ExpressionType(field: $0)) } ?? false
            fields.append(FlowField(name: member.name, kind: kind, isFromInput: isFromInput))
        }
    }

    // MARK: Triggers

    mutating func triggers(_ node: Node?) -> [Trigger] {
        guard let node, let nodes = reader.list(node, "'on'") else { return [] }
        if nodes.count > Limits.triggers {
            reader.error("a flow may have at most \(Limits.triggers) triggers", node.range)
        }
        return nodes.prefix(Limits.triggers).compactMap { trigger($0) }
    }

    private mutating func trigger(_ written: Node) -> Trigger? {
        let ways = ["webhook", "schedule", "event"]
        guard let node = reader.mapping(written, "a trigger", keys: ways) else { return nil }
        let found = (node.entries ?? []).filter { ways.contains($0.name) }
        guard found.count == 1, let way = found.first else {
            if found.isEmpty, node.entries?.isEmpty == false { return nil }
            reader.error(
                "a trigger is exactly one of \(ways.joined(separator: ", "))",
                found.dropFirst().first?.nameRange ?? written.range,
                fix: "begin each with '- '"
            )
            return nil
        }
        switch way.name {
        case "webhook": return reader.text(way.value, "'webhook'").map(Trigger.webhook)
        case "schedule": return schedule(way.value)
        default:
            return reader.mapping(way.value, "'event'", keys: ["type"]).flatMap {
                reader.required("type", in: $0, "'event'")
            }.flatMap { reader.text($0, "'type'") }.map { .event(type: $0) }
        }
    }

    private mutating func schedule(_ written: Node) -> Trigger? {
        guard let node = reader.mapping(written, "'schedule'", keys: ["cron", "zone"]),
            let cronNode = reader.required("cron", in: node, "'schedule'"),
            let cron = reader.text(cronNode, "'cron'")
        else { return nil }
        if let problem = CronText.problem(cron) {
            reader.error(
                "'cron' \(problem)",
                cronNode.range,
                fix: "write for example \"0 9 * * 1-5\": minute, hour, day, month, weekday"
            )
            return nil
        }
        guard let zoneNode = node["zone"] else { return .schedule(cron: cron, zone: "UTC") }
        guard let zone = reader.text(zoneNode, "'zone'") else { return nil }
        guard surroundings.zones(zone) != nil else {
            reader.error(
                "there is no time zone '\(zone)' on this machine",
                zoneNode.range,
                fix: "write an IANA name such as Europe/Berlin, or install tzdata"
            )
            return nil
        }
        return .schedule(cron: cron, zone: zone)
    }

    // MARK: Concurrency and rate

    /// How often something begins: `10/s`, `600/m`, `1000/h:20`.
    mutating func rate(_ node: Node) -> Rate? {
        if let text = node.scalar?.string, let rate = Rate(text) { return rate }
        reader.error(
            "'rate' needs a number a second, minute or hour, from 1 to \(Access.Limits.rateCount), "
                + "such as 10/s, 600/m or 1000/h, with how many may come at once behind it where "
                + "that is another: 1000/h:20; got \(node.fragment?.text ?? node.json.kindWithArticle)",
            node.range,
            fix: "write '10/s'"
        )
        return nil
    }

    mutating func concurrency(_ written: Node) -> Concurrency? {
        guard
            let node = reader.mapping(written, "'concurrency'", keys: ["key", "limit", "then"])
        else { return nil }
        let key = reader.required("key", in: node, "'concurrency'").flatMap { self.key($0) }
        let limit = node["limit"].flatMap {
            reader.integer($0, "'limit'", in: 1...Limits.concurrency)
        }
        let words = Concurrency.Then.allCases.map(\.rawValue)
        let then = node["then"].flatMap { reader.word($0, "'then'", of: words) }
            .flatMap(Concurrency.Then.init)
        return key.map { Concurrency(key: $0, limit: limit ?? 1, then: then ?? .queue) }
    }

    private mutating func key(_ node: Node) -> Program? {
        let alone = StepEnvironment(
            expressions: ExpressionEnvironment(
                variables: [Variable("input", inputType)],
                zones: surroundings.zones
            ),
            numbers: [:]
        )
        guard let key = expression(node, "'key'", alone)?.program else { return nil }
        switch key.resultType {
        case .dyn, .string, .enumeration, .int, .uint, .double, .bool: return key
        case let type:
            reader.error("'key' needs a text or a number; this is \(type)", node.range)
            return nil
        }
    }
}

extension ExpressionType {
    /// The type of one property, which may also be null.
    fileprivate init(field schema: JSON) {
        let whole: JSON = ["type": "object", "properties": ["it": schema]]
        if case .object(let object) = ExpressionType(schema: whole), let it = object["it"] {
            self = it.type
        } else {
            self = .dyn
        }
    }
}

extension FlowField.Kind {
    fileprivate init?(_ type: ExpressionType) {
        switch type {
        case .string: self = .text
        case .double: self = .number
        case .int: self = .integer
        case .bool: self = .boolean
        case .enumeration(let words): self = .choice(words.members)
        default: return nil
        }
    }

    /// Whether every value of a type may stand in the field.
    fileprivate func holdsAll(_ type: ExpressionType) -> Bool {
        switch (self, type) {
        case (.text, .enumeration), (.number, .int): true
        case (.choice(let words), .enumeration(let other)):
            other.members.allSatisfy(words.contains)
        default: self.type == type
        }
    }
}
