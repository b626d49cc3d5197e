/// Arguments of keywords, each with its diagnostic when it is not of the form.
extension SchemaCompiler {
    mutating func number(_ node: Node) -> JSON? {
        guard let value = node.scalar, value.number != nil else {
            note("expected a number", node)
            return nil
        }
        return value
    }

    mutating func count(_ node: Node) -> Int? {
        guard let value = node.scalar?.integer, value >= 0 else {
            note("expected a whole number, 0 or more", node)
            return nil
        }
        return Int(value)
    }

    mutating func pattern(_ text: String?, _ node: Node) -> RegularExpression? {
        guard let text else {
            note("expected a regular expression as a text", node)
            return nil
        }
        do {
            return try RegularExpression(text)
        } catch {
            note("the pattern '\(text)' does not compile: \(error.message)", node)
            return nil
        }
    }

    mutating func elements(_ node: Node) -> [Node]? {
        guard let elements = node.elements else {
            note("expected a list", node)
            return nil
        }
        return elements
    }

    mutating func strings(_ node: Node) -> [String]? {
        guard let nodes = elements(node) else { return nil }
        let texts = nodes.compactMap(\.scalar?.string)
        guard texts.count == nodes.count else {
            note("expected a list of texts", node)
            return nil
        }
        return texts
    }

    mutating func mapping(_ node: Node) -> [Node.Entry]? {
        guard let entries = node.entries else {
            note("expected names with a schema each", node)
            return nil
        }
        return entries
    }

    mutating func named(_ node: Node) -> [String: Int]? {
        guard let entries = mapping(node) else { return nil }
        return Dictionary(entries.map { ($0.name, add($0.value)) }) { first, _ in first }
    }
}
