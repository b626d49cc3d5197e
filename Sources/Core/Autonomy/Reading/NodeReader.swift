package import Reviews
package import Values

/// Reads nodes of a workspace's files, collecting what is wrong.
///
/// What each method reads it names as `what` in its message, in quotes where that is a key.
package struct NodeReader: Sendable {
    package private(set) var diagnostics: [Diagnostic] = []

    package init() {}

    /// Notes an error at a place.
    package mutating func error(_ message: String, _ range: SourceRange, fix: String? = nil) {
        diagnostics.append(Diagnostic(message, at: range, fix: fix))
    }

    /// Notes a warning at a place.
    package mutating func warning(_ message: String, _ range: SourceRange, fix: String? = nil) {
        diagnostics.append(Diagnostic(message, at: range, fix: fix, severity: .warning))
    }

    /// Takes over what another reader or compiler found.
    package mutating func add(_ diagnostics: Diagnostics) { self.diagnostics += diagnostics.list }

    /// As `add` of diagnostics, of any number, none included.
    package mutating func add(_ list: [Diagnostic]) { diagnostics += list }

    /// The entries of a mapping with only those keys; an unknown key names the nearest.
    ///
    /// Keys in `known` are somebody else's to complain about.
    package mutating func mapping(
        _ node: Node,
        _ what: String,
        keys: [String],
        ignoring known: Set<String> = []
    ) -> Node? {
        guard let entries = node.entries else {
            error("\(what) needs names and values; got \(node.json.kindWithArticle)", node.range)
            return nil
        }
        for entry in entries where !keys.contains(entry.name) && !known.contains(entry.name) {
            error(
                "\(what) has no key '\(entry.name)'; expected one of "
                    + keys.joined(separator: ", "),
                entry.nameRange,
                fix: nearest(entry.name, in: keys).map { "write '\($0)'" }
            )
        }
        return node
    }

    /// The value of a key that must be there.
    package mutating func required(_ key: String, in node: Node, _ what: String) -> Node? {
        if let value = node[key] { return value }
        let at = SourceRange(
            node.range.source,
            node.range.offsets.lowerBound..<node.range.offsets.lowerBound
        )
        error("\(what) needs '\(key)'", at, fix: "add '\(key):'")
        return nil
    }

    /// A text that is not empty.
    package mutating func text(_ node: Node, _ what: String) -> String? {
        if case .string(let text)? = node.scalar, !text.isEmpty { return text }
        error("\(what) needs a text; got \(node.json.kindWithArticle)", node.range)
        return nil
    }

    /// The elements of a list.
    package mutating func list(_ node: Node, _ what: String) -> [Node]? {
        if let elements = node.elements { return elements }
        error("\(what) needs a list; got \(node.json.kindWithArticle)", node.range)
        return nil
    }

    /// True or false.
    package mutating func bool(_ node: Node, _ what: String) -> Bool? {
        if let value = node.scalar?.bool { return value }
        error("\(what) needs true or false; got \(node.json.kindWithArticle)", node.range)
        return nil
    }

    /// A whole number within bounds.
    package mutating func integer(_ node: Node, _ what: String, in range: ClosedRange<Int>) -> Int?
    {
        if let value = node.scalar?.integer, range.contains(Int(value)) { return Int(value) }
        error(
            "\(what) needs a whole number from \(range.lowerBound) to \(range.upperBound); got "
                + (node.fragment?.text ?? node.json.kindWithArticle),
            node.range
        )
        return nil
    }

    /// A number within bounds.
    package mutating func number(
        _ node: Node,
        _ what: String,
        in range: ClosedRange<Double>
    ) -> Double? {
        if let value = node.scalar?.number, range.contains(value) { return value }
        error(
            "\(what) needs a number from \(JSON.ecmaScript(range.lowerBound)) to "
                + "\(JSON.ecmaScript(range.upperBound)); got "
                + (node.fragment?.text ?? node.json.kindWithArticle),
            node.range
        )
        return nil
    }

    /// A share: `5%` or `0.05`.
    package mutating func share(_ node: Node, _ what: String) -> Double? {
        if let text = node.scalar?.string, text.hasSuffix("%"),
            let percent = Double(trimmed(String(text.dropLast()))), (0...100).contains(percent)
        {
            return percent / 100
        }
        if let value = node.scalar?.number, (0...1).contains(value) { return value }
        error(
            "\(what) needs a share such as 5% or 0.05; got "
                + (node.fragment?.text ?? node.json.kindWithArticle),
            node.range
        )
        return nil
    }

    /// A length of time: `500ms`, `20s`, `15m`, `4h`, `1d`.
    package mutating func duration(_ node: Node, _ what: String) -> Duration? {
        if let text = node.fragment?.text, let duration = Self.duration(text) { return duration }
        error(
            "\(what) needs a time such as 500ms, 20s, 15m, 4h or 1d; got "
                + (node.fragment?.text ?? node.json.kindWithArticle),
            node.range
        )
        return nil
    }

    /// Two times: `500ms..8s`.
    package mutating func durations(_ node: Node, _ what: String) -> ClosedRange<Duration>? {
        let text = node.fragment?.text ?? ""
        let parts = text.split(separator: ".", omittingEmptySubsequences: true).map(String.init)
        if text.contains(".."), parts.count == 2, let low = Self.duration(parts[0]),
            let high = Self.duration(parts[1]), low <= high
        {
            return low...high
        }
        error("\(what) needs two times such as 500ms..8s; got \(text)", node.range)
        return nil
    }

    /// The same of a text that stands by itself.
    package static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
        let duration: Duration
        switch text.dropFirst(digits.count) {
        case "ms": duration = .milliseconds(count)
        case "s": duration = .seconds(count)
        case "m": duration = .seconds(count * 60)
        case "h": duration = .seconds(count * 3_600)
        case "d": duration = .seconds(count * 86_400)
        default: return nil
        }
        return duration <= Limits.time ? duration : nil
    }

    /// One word of a few.
    package mutating func word(_ node: Node, _ what: String, of words: [String]) -> String? {
        if let text = node.scalar?.string, words.contains(text) { return text }
        let got = node.fragment?.text ?? node.json.kindWithArticle
        error(
            "\(what) is one of \(words.joined(separator: ", ")); got \(got)",
            node.range,
            fix: nearest(got, in: words).map { "write '\($0)'" }
        )
        return nil
    }

    /// What is asked of people who review; `extra` are keys that the caller reads.
    package mutating func reviewTerms(_ node: Node, extra: [String] = []) -> Review.Terms {
        let standard = Review.Terms.standard
        let keys = ["queue", "due", "approvals", "lease", "four_eyes"] + extra
        guard let review = mapping(node, "'review'", keys: keys) else { return standard }
        return Review.Terms(
            queue: review["queue"].flatMap { text($0, "'queue'") } ?? standard.queue,
            due: review["due"].flatMap { duration($0, "'due'") },
            approvals: review["approvals"].flatMap {
                integer($0, "'approvals'", in: 1...Limits.approvals)
            } ?? standard.approvals,
            lease: review["lease"].flatMap { duration($0, "'lease'") } ?? standard.lease,
            fourEyes: review["four_eyes"].flatMap { bool($0, "'four_eyes'") }
                ?? standard.fourEyes
        )
    }
}

extension Review.Terms {
    /// Where a file says nothing.
    static let standard = Review.Terms(
        queue: "default",
        due: nil,
        approvals: 1,
        lease: .seconds(600),
        fourEyes: false
    )
}

extension Node {
    /// Where the value at a pointer stands, or the innermost value around it that is there.
    package func place(of pointer: JSONPointer) -> SourceRange {
        var place = self
        for token in pointer.tokens {
            if let next = place[token] {
                place = next
            } else if let index = Int(token), let elements = place.elements,
                elements.indices.contains(index)
            {
                place = elements[index]
            } else {
                return place.entries?.first { $0.name == token }?.nameRange ?? place.range
            }
        }
        return place.range
    }
}
