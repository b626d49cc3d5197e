internal import Expressions
internal import Prompts
internal import Reviews
internal import Values

/// The model, review and audit clauses.
extension PolicyReader {
    mutating func model(
        _ node: Node,
        _ level: AutonomyLevel,
        _ output: Schema,
        _ input: Schema,
        _ environment: ExpressionEnvironment
    ) -> ModelClause? {
        let keys = ["prompt", "use", "confidence", "timeout", "retry", "on_failure"]
        guard let node = reader.mapping(node, "'model'", keys: keys) else { return nil }
        let prompt = reader.required("prompt", in: node, "'model'").flatMap {
            self.prompt($0, output, input)
        }
        let use = reader.required("use", in: node, "'model'").flatMap { self.use($0) }
        let confidence = reader.required("confidence", in: node, "'model'").flatMap {
            self.confidence($0, output)
        }
        let timeout = node["timeout"].flatMap { reader.duration($0, "'timeout'") } ?? .seconds(20)
        let (attempts, backoff) = retry(node["retry"])
        let onFailure = onFailure(node["on_failure"], output, environment)
        guard let prompt, let use, let confidence else { return nil }
        checkSignal(confidence, use, output, node)
        return ModelClause(
            place: node["confidence"]?.range ?? node.range,
            prompt: prompt,
            use: use,
            confidence: confidence,
            timeout: timeout,
            attempts: attempts,
            backoff: backoff,
            onFailure: onFailure
        )
    }

    private mutating func prompt(_ node: Node, _ output: Schema, _ input: Schema) -> Prompt? {
        guard let name = reader.text(node, "'prompt'") else { return nil }
        guard let prompt = surroundings.prompts[name] else {
            let names = surroundings.prompts.keys.sorted()
            reader.error(
                "there is no prompt '\(name)' in Prompts/",
                node.range,
                fix: nearest(name, in: names).map { "write '\($0)'" }
                    ?? "add Prompts/\(name).prompt"
            )
            return nil
        }
        for (path, range) in prompt.variables { checkVariable(path, range, input) }
        if let stated = prompt.frontMatter.outputSchema, stated != output.document,
            let range = prompt.frontMatter.outputRange
        {
            reader.warning(
                "this prompt states another output than the policy; the policy's is used",
                range
            )
        }
        if prompt.frontMatter.model != nil, let range = prompt.frontMatter.modelRange {
            reader.warning("the policy's 'use' says which model is asked, not the prompt", range)
        }
        return prompt
    }

    private mutating func checkVariable(_ path: [String], _ range: SourceRange, _ input: Schema) {
        var place: JSON? = input.document
        var seen: [String] = []
        for name in path {
            if name == "*" {
                place = place?["items"]
                continue
            }
            guard let properties = place?["properties"]?.object else { return }
            guard let next = properties[name] else {
                let whole = (seen + [name]).joined(separator: ".")
                reader.error(
                    "the prompt reads '\(whole)', which the policy's input does not have; it has "
                        + properties.names.joined(separator: ", "),
                    range,
                    fix: nearest(name, in: properties.names).map {
                        "write '\((seen + [$0]).joined(separator: "."))'"
                    }
                )
                return
            }
            seen.append(name)
            place = next
        }
    }

    private mutating func use(_ node: Node) -> [String]? {
        let nodes = node.scalar?.string == nil ? reader.list(node, "'use'") : [node]
        guard let nodes else { return nil }
        if nodes.isEmpty { reader.error("'use' needs at least one model", node.range) }
        if nodes.count > Limits.stages {
            reader.error("'use' names at most \(Limits.stages) models", node.range)
            return nil
        }
        var names: [String] = []
        for node in nodes {
            guard let name = reader.text(node, "'use'") else { continue }
            guard surroundings.models[name] != nil else {
                let known = surroundings.models.keys.sorted()
                reader.error(
                    "there is no model '\(name)' in stepgate.yaml",
                    node.range,
                    fix: nearest(name, in: known).map { "write '\($0)'" }
                        ?? "add it under 'models:'"
                )
                continue
            }
            if names.contains(name) {
                reader.error("'use' names '\(name)' twice", node.range, fix: "name it once")
            }
            names.append(name)
        }
        return names.count == nodes.count && !names.isEmpty ? names : nil
    }

    private mutating func confidence(_ node: Node, _ output: Schema) -> ConfidenceClause? {
        guard
            let clause = reader.mapping(
                node,
                "'confidence'",
                keys: ["from", "of", "normalize", "samples"]
            ), let fromNode = reader.required("from", in: clause, "'confidence'"),
            let from = reader.word(
                fromNode,
                "'from'",
                of: ConfidenceSignal.allCases.map(\.rawValue)
            ).flatMap(ConfidenceSignal.init),
            let ofNode = reader.required("of", in: clause, "'confidence'"),
            let of = reader.text(ofNode, "'of'")
        else { return nil }
        let properties = output.document["properties"]?.object ?? JSONObject()
        guard let property = properties[of] else {
            reader.error(
                "the output has no field '\(of)'; it has "
                    + properties.names.joined(separator: ", "),
                ofNode.range,
                fix: nearest(of, in: properties.names).map { "write '\($0)'" }
            )
            return nil
        }
        if from == .stated, property["type"]?.string != "number" {
            reader.error("'stated' needs a number; '\(of)' is none", ofNode.range)
        }
        if from != .stated, property["enum"] == nil, property["type"]?.string != "boolean" {
            reader.error(
                "'\(from.rawValue)' needs a field with an enum; '\(of)' has none",
                ofNode.range
            )
        }
        var samples = 1
        if from == .vote {
            samples =
                clause["samples"].flatMap {
                    reader.integer($0, "'samples'", in: 2...Limits.samples)
                } ?? 5
        } else if let written = clause["samples"] {
            reader.error("only 'vote' takes samples", written.range)
        }
        let normalize = clause["normalize"].flatMap { reader.bool($0, "'normalize'") } ?? false
        if normalize, from != .logprob, let written = clause["normalize"] {
            reader.error("only 'logprob' can be normalized", written.range)
        }
        return ConfidenceClause(from: from, of: of, normalize: normalize, samples: samples)
    }

    /// What a shape cannot tell is an error now, not a surprise later.
    private mutating func checkSignal(
        _ confidence: ConfidenceClause,
        _ use: [String],
        _ output: Schema,
        _ node: Node
    ) {
        guard let at = node["confidence"]?["from"]?.range else { return }
        if confidence.from == .agreement, use.count < 2 {
            reader.error(
                "'agreement' is the share of models that agree, and 'use' names one",
                at,
                fix: "name at least two models under 'use'"
            )
        }
        for name in use {
            guard let model = surroundings.models[name] else { continue }
            let signals = model.shape.signals
            if !signals.contains(confidence.from) {
                let can = ConfidenceSignal.allCases.filter(signals.contains).map(\.rawValue)
                reader.error(
                    "the shape '\(model.shape.rawValue)' of model '\(name)' cannot tell "
                        + "'\(confidence.from.rawValue)'",
                    at,
                    fix: "write one of \(can.joined(separator: ", "))"
                )
            } else if model.shape == .decisions || model.shape == .systemone {
                let required = output.document["required"]?.array?.compactMap(\.string) ?? []
                for other in required where other != confidence.of {
                    reader.error(
                        "the shape '\(model.shape.rawValue)' answers '\(confidence.of)' only, and the output "
                            + "also requires '\(other)'",
                        at,
                        fix: "make it optional: '\(other)?'"
                    )
                }
            }
        }
    }

    private mutating func retry(_ node: Node?) -> (Int, ClosedRange<Duration>) {
        let standard = (3, Duration.milliseconds(500)...Duration.seconds(8))
        guard let node, let retry = reader.mapping(node, "'retry'", keys: ["attempts", "backoff"])
        else { return standard }
        return (
            retry["attempts"].flatMap {
                reader.integer($0, "'attempts'", in: 1...Limits.attempts)
            } ?? standard.0,
            retry["backoff"].flatMap { reader.durations($0, "'backoff'") } ?? standard.1
        )
    }

    private mutating func onFailure(
        _ node: Node?,
        _ output: Schema,
        _ environment: ExpressionEnvironment
    ) -> OnFailure {
        // Outages come and go in minutes; people should not be flooded meanwhile.
        let standard = OnFailure(wait: .seconds(900), then: .review)
        guard let node else { return standard }
        if node["wait"] != nil || node["then"] != nil {
            guard let clause = reader.mapping(node, "'on_failure'", keys: ["wait", "then"]) else {
                return standard
            }
            let wait = clause["wait"].flatMap { reader.duration($0, "'wait'") } ?? standard.wait
            let then = clause["then"].map { self.then($0, output, environment) } ?? .review
            return OnFailure(wait: wait, then: then)
        }
        return OnFailure(wait: .zero, then: then(node, output, environment))
    }

    private mutating func then(
        _ node: Node,
        _ output: Schema,
        _ environment: ExpressionEnvironment
    ) -> OnFailure.Then {
        if node.entries != nil {
            guard
                let clause = reader.mapping(
                    node,
                    "'on_failure'",
                    keys: ["decide", "wait", "then"]
                ),
                let decide = clause["decide"],
                let template = template(decide, output, environment)
            else { return .review }
            return .decide(template)
        }
        switch reader.word(node, "'on_failure'", of: ["review", "fail"]) {
        case "fail"?: return .fail
        default: return .review
        }
    }

    mutating func review(_ node: Node?) -> Review.Terms {
        guard let node else { return .standard }
        return reader.reviewTerms(node)
    }

    mutating func audit(_ node: Node?, _ review: Review.Terms) -> AuditClause {
        func terms(_ queue: String) -> Review.Terms {
            Review.Terms(
                queue: queue,
                due: review.due,
                approvals: 1,
                lease: review.lease,
                fourEyes: review.fourEyes
            )
        }
        guard let node,
            let audit = reader.mapping(node, "'audit'", keys: ["rate", "rules", "queue"])
        else { return AuditClause(rate: 0, rules: 0, terms: terms(review.queue)) }
        return AuditClause(
            rate: audit["rate"].flatMap { reader.share($0, "'rate'") } ?? 0,
            rules: audit["rules"].flatMap { reader.share($0, "'rules'") } ?? 0,
            terms: terms(
                audit["queue"].flatMap { reader.text($0, "'queue'") } ?? review.queue
            )
        )
    }
}
