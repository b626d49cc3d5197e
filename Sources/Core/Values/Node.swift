/// A node of a YAML or JSON document that knows where it stands.
///
/// What the policy, prompt and workspace readers read. Scalars are resolved by the YAML 1.2 core
/// schema when plain and are strings when quoted or in a block.
package struct Node: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case scalar(JSON)
        case sequence([Node])
        /// In the order written; names are unique, by the reader.
        case mapping([Entry])
    }

    package struct Entry: Sendable, Equatable {
        package let name: String
        package let nameRange: SourceRange
        package let value: Node

        package init(name: String, nameRange: SourceRange, value: Node) {
            self.name = name
            self.nameRange = nameRange
            self.value = value
        }
    }

    package let content: Content
    package let range: SourceRange
    /// The scalar as text, before its type was resolved, and where that text stands; nothing for a
    /// sequence or mapping.
    package let fragment: SourceFragment?

    package init(_ content: Content, range: SourceRange, fragment: SourceFragment? = nil) {
        self.content = content
        self.range = range
        self.fragment = fragment
    }

    package subscript(name: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.name == name }?.value
    }

    package var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    package var elements: [Node]? {
        guard case .sequence(let nodes) = content else { return nil }
        return nodes
    }

    package var scalar: JSON? {
        guard case .scalar(let value) = content else { return nil }
        return value
    }

    /// The same value without its places.
    package var json: JSON {
        switch content {
        case .scalar(let value): value
        case .sequence(let nodes): .array(nodes.map(\.json))
        case .mapping(let entries):
            .object(
                JSONObject(uniqueMembers: entries.map { JSONObject.Member($0.name, $0.value.json) })
            )
        }
    }
}

/// Turns the text of a file into a document: the one way Core comes to YAML.
package protocol DocumentReader: Sendable {
    /// Reads exactly one YAML 1.2 document, an empty one being `null`; an error holds every
    /// diagnostic found.
    func read(_ source: SourceText) throws(Diagnostics) -> Node
}
