internal import Expressions
internal import Prompts
internal import Reviews
internal import Values

/// Reads one policy file into a checked policy, collecting every diagnostic.
struct PolicyReader {
    static let keys = [
        "policy", "title", "owner", "autonomy", "input", "output", "outcome", "rules", "model",
        "checks", "accept", "review", "audit", "budget", "private",
    ]

    /// What a policy may refer to.
    struct Surroundings {
        let prompts: [String: Prompt]
        let models: [String: ModelDefinition]
        let lists: JSON
        let vars: JSON
        /// The declared types of `lists` and `vars`.
        let listsType: ExpressionType
        let varsType: ExpressionType
        let zones: @Sendable (String) -> TimeZoneRules?
    }

    let surroundings: Surroundings
    let digest: Digest
    var reader = NodeReader()

    init(surroundings: Surroundings, digest: Digest) {
        self.surroundings = surroundings
        self.digest = digest
    }

    /// The policy, or nothing when it could not be made; the reader's diagnostics tell why.
    mutating func read(_ node: Node, fileName: String) -> Policy? {
        guard let node = reader.mapping(node, "a policy", keys: Self.keys) else { return nil }
        let name = reader.required("policy", in: node, "a policy").flatMap {
            reader.text($0, "'policy'")
        }
        if let name, name != fileName, let at = node["policy"] {
            reader.error(
                "the policy '\(name)' stands in a file named '\(fileName)'",
                at.range,
                fix: "name the file \(name).yaml"
            )
        }
        let level = reader.required("autonomy", in: node, "a policy").flatMap {
            reader.word($0, "'autonomy'", of: AutonomyLevel.allCases.map(\.rawValue))
        }.flatMap(AutonomyLevel.init)
        let input = schema("input", in: node)
        let output = schema("output", in: node)
        guard let name, let level, let input, let output else { return nil }
        let environments = environments(input, output)
        let compared = compared(node["outcome"], output)
        let rules = rules(node["rules"], level, output, environments.rules)
        let review = review(node["review"])
        let checks = checks(node["checks"], environments.checks)
        let model = node["model"].flatMap {
            self.model($0, level, output, input, environments.rules)
        }
        let accept = accept(node["accept"], environments.accept, use: model?.use ?? [])
        checkLevel(level, node, hasModel: node["model"] != nil)
        let budget = budget(node["budget"])
        return Policy(
            name: name,
            title: node["title"].flatMap { reader.text($0, "'title'") },
            owner: node["owner"].flatMap { reader.text($0, "'owner'") },
            autonomy: level,
            input: input,
            output: output,
            compared: compared,
            rules: rules,
            model: model,
            checks: checks,
            accept: accept,
            budget: budget,
            reviewTerms: review,
            audit: audit(node["audit"], review),
            privatePointers: pointers(node["private"], input),
            digest: digest,
            environments: environments
        )
    }

    private mutating func schema(_ key: String, in node: Node) -> Schema? {
        guard let written = reader.required(key, in: node, "a policy") else { return nil }
        do {
            let schema = try Schema.reading(policyNode: written)
            reader.add(schema.warnings)
            return schema
        } catch {
            reader.add(error)
            return nil
        }
    }

    private func environments(_ input: Schema, _ output: Schema) -> PolicyEnvironments {
        let common = [
            Variable("input", ExpressionType(schema: input.document)),
            Variable("lists", surroundings.listsType),
            Variable("vars", surroundings.varsType),
            Variable("now", .timestamp),
            Variable(
                "step",
                .object(
                    ObjectType([
                        .init("id", .string), .init("policy", .string),
                        .init("key", .string, isOptional: true), .init("source", .string),
                    ])
                )
            ),
            Variable(
                "caller",
                .object(ObjectType([.init("id", .string), .init("roles", .list(.string))]))
            ),
        ]
        let withOutput =
            common + [Variable("output", ExpressionType(schema: output.document))]
        return PolicyEnvironments(
            rules: ExpressionEnvironment(variables: common, zones: surroundings.zones),
            checks: ExpressionEnvironment(variables: withOutput, zones: surroundings.zones),
            accept: ExpressionEnvironment(
                variables: withOutput + [Variable("confidence", .double)],
                zones: surroundings.zones
            ),
            lists: surroundings.lists,
            vars: surroundings.vars
        )
    }

    private mutating func compared(_ node: Node?, _ output: Schema) -> [String] {
        let properties = output.document["properties"]?.object ?? JSONObject()
        guard let node else {
            // Free text never counts: two reasons may both be right.
            return properties.members.filter { !$0.value.isFreeText }.map(\.name)
        }
        guard let outcome = reader.mapping(node, "'outcome'", keys: ["compare"]),
            let list = reader.required("compare", in: outcome, "'outcome'"),
            let nodes = reader.list(list, "'compare'")
        else { return [] }
        var names: [String] = []
        for node in nodes {
            guard let name = reader.text(node, "'compare'") else { continue }
            guard let property = properties[name] else {
                reader.error(
                    "the output has no field '\(name)'; it has "
                        + properties.names.joined(separator: ", "),
                    node.range,
                    fix: nearest(name, in: properties.names).map { "write '\($0)'" }
                )
                continue
            }
            if property.isFreeText {
                reader.error(
                    "'\(name)' is free text, which says nothing of right or wrong",
                    node.range,
                    fix: "compare fields with an enum, a number or a boolean"
                )
            }
            names.append(name)
        }
        return names
    }

    private mutating func checkLevel(_ level: AutonomyLevel, _ node: Node, hasModel: Bool) {
        guard let at = node["autonomy"]?.range else { return }
        if level.asksModel, !hasModel {
            reader.error(
                "'\(level.rawValue)' needs a model",
                at,
                fix: "add 'model:', or write 'autonomy: manual'"
            )
        }
        if level == .supervised, node["accept"]?.elements?.isEmpty ?? true {
            reader.error(
                "'supervised' needs 'accept': when the model may decide alone",
                at,
                fix: "add 'accept: [{threshold: 0.9}]', or write 'autonomy: suggest'"
            )
        }
        if !level.asksModel, hasModel, let model = node["model"] {
            reader.warning("'\(level.rawValue)' never asks this model", model.range)
        }
    }

    private mutating func budget(_ node: Node?) -> Budget? {
        guard let node,
            let budget = reader.mapping(
                node,
                "'budget'",
                keys: ["usd", "per", "zone", "on_exceeded"]
            )
        else { return nil }
        let usd = reader.required("usd", in: budget, "'budget'").flatMap {
            reader.number($0, "'usd'", in: 0...Limits.budget)
        }
        let periods = CalendarPeriod.allCases.map(\.rawValue)
        let period = reader.required("per", in: budget, "'budget'").flatMap {
            reader.word($0, "'per'", of: periods)
        }.flatMap(CalendarPeriod.init)
        let ways = Budget.OnExceeded.allCases.map(\.rawValue)
        let onExceeded = budget["on_exceeded"].flatMap {
            reader.word($0, "'on_exceeded'", of: ways)
        }.flatMap(Budget.OnExceeded.init)
        let zone = budget["zone"].flatMap { self.zone($0) } ?? .utc
        guard let usd, let period else { return nil }
        return Budget(usd: usd, period: period, zone: zone, onExceeded: onExceeded ?? .review)
    }

    private mutating func zone(_ node: Node) -> TimeZoneRules? {
        guard let name = reader.text(node, "'zone'") else { return nil }
        if let rules = surroundings.zones(name) { return rules }
        reader.error(
            "there is no time zone '\(name)' on this machine",
            node.range,
            fix: "write an IANA name such as Europe/Berlin, or install tzdata"
        )
        return nil
    }

    private mutating func pointers(_ node: Node?, _ input: Schema) -> [JSONPointer] {
        guard let node, let nodes = reader.list(node, "'private'") else { return [] }
        var pointers: [JSONPointer] = []
        for node in nodes {
            guard let text = reader.text(node, "'private'") else { continue }
            do {
                let pointer = try JSONPointer(text)
                checkExists(pointer, input, node)
                pointers.append(pointer)
            } catch {
                reader.error(error.message, node.range, fix: "write '/\(text)'")
            }
        }
        return pointers
    }

    private mutating func checkExists(_ pointer: JSONPointer, _ input: Schema, _ node: Node) {
        var place: JSON? = input.document
        for token in pointer.tokens {
            guard let properties = place?["properties"]?.object else { return }
            guard let next = properties[token] else {
                reader.error(
                    "the input has no '\(pointer)'",
                    node.range,
                    fix: nearest(token, in: properties.names).map { "there is '\($0)'" }
                )
                return
            }
            place = next
        }
    }
}

extension JSON {
    /// A property of a schema whose values say nothing when compared: texts without an enum.
    fileprivate var isFreeText: Bool {
        if self["enum"] != nil || self["const"] != nil { return false }
        switch self["type"] {
        case .string("string")?: return true
        case .array(let types)?: return types.contains("string")
        default: return false
        }
    }
}
