/// Arguments of keywords, each with its diagnostic when it is not of the form.
extension SchemaCompiler {
    mutating func types(_ node: Node) -> SchemaKinds {
        guard let names = node.scalar?.string.map({ [$0] }) ?? strings(node, "type") else {
            return .all
        }
        var kinds: SchemaKinds = []
        for name in names {
            guard let known = SchemaKinds.names.first(where: { $0.name == name }) else {
                let all = SchemaKinds.names.map(\.name)
                note(
                    "'\(name)' is no type; expected one of \(all.joined(separator: ", "))",
                    ["type"],
                    fix: nearest(name, in: all).map { "write '\($0)'" }
                )
                return .all
            }
            kinds.formUnion(known.kinds)
        }
        return kinds
    }

    mutating func number(_ node: Node, _ keyword: String) -> JSON? {
        guard let value = node.scalar, value.number != nil else {
            note("expected a number; got \(node.json.kindWithArticle)", [keyword])
            return nil
        }
        return value
    }

    /// A whole number, 0 or more; one beyond an `Int` bounds as much as the largest.
    mutating func count(_ node: Node, _ keyword: String) -> Int? {
        let value = node.scalar
        if let whole = value?.integer, whole >= 0 { return Int(whole) }
        if let number = value?.number, number >= 0, number.rounded() == number { return .max }
        note("expected a whole number, 0 or more", [keyword])
        return nil
    }

    mutating func flag(_ node: Node, _ keyword: String) -> Bool {
        if let flag = node.scalar?.bool { return flag }
        note("expected true or false; got \(node.json.kindWithArticle)", [keyword])
        return false
    }

    mutating func text(_ node: Node, _ keyword: String) -> String? {
        if let text = node.scalar?.string { return text }
        note("expected a text; got \(node.json.kindWithArticle)", [keyword])
        return nil
    }

    mutating func pattern(_ text: String, _ keyword: String) -> SchemaKeyword? {
        guard let expression = expression(text, [keyword]) else { return nil }
        builder.patterns.append(SchemaPattern(expression: expression, written: text))
        return .pattern(builder.patterns.count - 1)
    }

    mutating func expression(_ text: String, _ keyword: [String]) -> RegularExpression? {
        do throws(ECMAPattern.Failure) {
            let translated = try ECMAPattern.translated(text)
            do throws(RegularExpression.SyntaxError) {
                return try RegularExpression(translated)
            } catch {
                note("the pattern '\(text)' does not compile: \(error.message)", keyword)
            }
        } catch {
            note(
                "the pattern '\(text)' does not compile: \(error.message)",
                keyword,
                fix: error.fix
            )
        }
        return nil
    }

    mutating func format(_ node: Node) -> SchemaKeyword? {
        guard let name = text(node, "format") else { return nil }
        guard let format = SchemaFormat(rawValue: name) else {
            let all = SchemaFormat.allCases.map(\.rawValue)
            warn(
                "'\(name)' is no format of JSON Schema, and says nothing of a value",
                "format",
                at: node.range,
                fix: nearest(name, in: all).map { "write '\($0)'" }
            )
            return nil
        }
        return formats == .asserted ? .format(format) : nil
    }

    mutating func elements(_ node: Node, _ keyword: String) -> [Node]? {
        guard let elements = node.elements else {
            note("expected a list; got \(node.json.kindWithArticle)", [keyword])
            return nil
        }
        return elements
    }

    mutating func strings(_ node: Node, _ keyword: String, _ name: String? = nil) -> [String]? {
        let place = [keyword] + (name.map { [$0] } ?? [])
        let texts = node.elements?.compactMap(\.scalar?.string)
        guard let texts, texts.count == node.elements?.count else {
            note("expected a list of texts", place, at: node)
            return nil
        }
        return texts
    }

    mutating func mapping(_ node: Node, _ keyword: String) -> [Node.Entry]? {
        guard let entries = node.entries else {
            note("expected names with values; got \(node.json.kindWithArticle)", [keyword])
            return nil
        }
        return entries
    }

    /// The rules of a list of schemas.
    mutating func list(_ node: Node, _ keyword: String) -> [Int]? {
        guard let nodes = elements(node, keyword) else { return nil }
        if nodes.isEmpty { note("expected at least one schema", [keyword]) }
        return nodes.indices.map { inner(keyword, $0) }
    }

    /// The rules of schemas by name.
    mutating func named(_ node: Node, _ keyword: String) -> [(name: String, rule: Int)]? {
        mapping(node, keyword)?.enumerated().map { ($1.name, inner(keyword, $0)) }
    }
}
