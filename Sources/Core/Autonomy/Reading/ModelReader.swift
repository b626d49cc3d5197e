internal import Values

/// Reads one model of `stepgate.yaml`.
struct ModelReader {
    var reader: NodeReader

    private static let keys = [
        "shape", "url", "model", "key", "price", "concurrency", "requests_per_minute",
        "tokens_per_minute", "breaker", "timeouts", "hedge", "structured", "vote", "cache",
    ]

    mutating func model(_ name: String, _ written: Node) -> ModelDefinition? {
        guard let node = reader.mapping(written, "the model '\(name)'", keys: Self.keys) else {
            return nil
        }
        let shapes = ModelDefinition.Shape.allCases.map(\.rawValue)
        let shape = reader.required("shape", in: node, "a model").flatMap {
            reader.word($0, "'shape'", of: shapes)
        }.flatMap(ModelDefinition.Shape.init)
        let url = reader.required("url", in: node, "a model").flatMap { self.url($0) }
        let model = reader.required("model", in: node, "a model").flatMap {
            reader.text($0, "'model'")
        }
        let key = node["key"].flatMap { secret($0) }
        let price = price(node["price"])
        let limits = limits(node)
        let times = times(node)
        let cache = node["cache"].flatMap { reader.duration($0, "'cache'") }
        guard let shape, let url, let model else { return nil }
        return ModelDefinition(
            name: name,
            shape: shape,
            url: url,
            model: model,
            key: key,
            price: price,
            limits: limits,
            times: times,
            structured: structured(node["structured"], shape),
            votesInOneCall: votesInOneCall(node["vote"], shape),
            cache: cache
        )
    }

    private mutating func price(_ written: Node?) -> ModelPrice {
        guard let written,
            let node = reader.mapping(written, "'price'", keys: ["input", "cached", "output"])
        else { return ModelPrice(input: 0, cached: nil, output: 0) }
        func number(_ key: String) -> Double? {
            node[key].flatMap { reader.number($0, "'\(key)'", in: 0...1e6) }
        }
        return ModelPrice(
            input: number("input") ?? 0,
            cached: number("cached"),
            output: number("output") ?? 0
        )
    }

    private mutating func limits(_ node: Node) -> ModelLimits {
        let standard = ModelLimits()
        let breaker = node["breaker"].flatMap {
            reader.mapping($0, "'breaker'", keys: ["failures", "open"])
        }
        func integer(_ key: String, _ most: Int) -> Int? {
            node[key].flatMap { reader.integer($0, "'\(key)'", in: 1...most) }
        }
        return ModelLimits(
            concurrency: integer("concurrency", Limits.concurrency) ?? standard.concurrency,
            requestsPerMinute: integer("requests_per_minute", Limits.perMinute),
            tokensPerMinute: integer("tokens_per_minute", Limits.perMinute),
            breakerFailures: breaker?["failures"].flatMap {
                reader.integer($0, "'failures'", in: 1...Limits.breakerFailures)
            } ?? standard.breakerFailures,
            breakerOpen: breaker?["open"].flatMap { time($0, "'open'") } ?? standard.breakerOpen
        )
    }

    private mutating func times(_ node: Node) -> ModelTimes {
        let written = node["timeouts"].flatMap {
            reader.mapping($0, "'timeouts'", keys: ["connect", "first_byte", "total"])
        }
        return ModelTimes(
            connect: written?["connect"].flatMap { time($0, "'connect'") } ?? ModelTimes().connect,
            firstByte: written?["first_byte"].flatMap { time($0, "'first_byte'") },
            total: written?["total"].flatMap { time($0, "'total'") },
            hedge: node["hedge"].flatMap { time($0, "'hedge'") }
        )
    }

    /// A time that is not zero.
    private mutating func time(_ node: Node, _ what: String) -> Duration? {
        guard let duration = reader.duration(node, what) else { return nil }
        if duration > .zero { return duration }
        reader.error("\(what) needs a time above zero", node.range, fix: "write 5s")
        return nil
    }

    private mutating func structured(
        _ node: Node?,
        _ shape: ModelDefinition.Shape
    ) -> ModelDefinition.Structured {
        guard let node else { return .format }
        let words = ModelDefinition.Structured.allCases.map(\.rawValue)
        let word = reader.word(node, "'structured'", of: words)
        if word == "tool", shape != .messages {
            reader.error(
                "only the shape 'messages' is held to its schema by a tool",
                node.range,
                fix: "leave 'structured' out"
            )
        }
        return word.flatMap(ModelDefinition.Structured.init) ?? .format
    }

    private mutating func votesInOneCall(_ node: Node?, _ shape: ModelDefinition.Shape) -> Bool {
        guard let node else { return true }
        let word = reader.word(node, "'vote'", of: ["one_call", "calls"])
        if word == "one_call", shape != .chat {
            reader.error(
                "only the shape 'chat' gives several samples in one call",
                node.range,
                fix: "leave 'vote' out"
            )
        }
        return word != "calls"
    }

    private mutating func url(_ node: Node) -> String? {
        guard let text = reader.text(node, "'url'") else { return nil }
        let lowered = text.lowercased()
        if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") { return text }
        reader.error(
            "'url' begins with http:// or https://; got \(text)",
            node.range,
            fix: "write 'http://\(text)'"
        )
        return nil
    }

    /// A key is named, never written down: `${env:NAME}` or `${file:PATH}`.
    private mutating func secret(_ node: Node) -> SecretReference? {
        guard let text = reader.text(node, "'key'") else { return nil }
        if let name = reference(text, "env"), !name.isEmpty { return .environment(name) }
        if let path = reference(text, "file"), !path.isEmpty { return .file(path) }
        reader.error(
            "a key must not stand in the workspace",
            node.range,
            fix: "write '${env:NAME}' or '${file:PATH}'"
        )
        return nil
    }
}

/// What a text such as `${env:NAME}` names.
package func reference(_ text: String, _ kind: String) -> String? {
    let open = "${\(kind):"
    guard text.hasPrefix(open), text.hasSuffix("}") else { return nil }
    return String(text.dropFirst(open.count).dropLast())
}
