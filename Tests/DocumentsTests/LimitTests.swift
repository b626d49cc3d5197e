import Documents
import Testing
import Values

/// The limits of a YAML document, reached; a text of more than its bytes takes too long to make.
struct LimitTests {
    private func read(_ text: String) throws -> Node {
        try YAMLReader().read(SourceText(name: "a.yaml", text: text))
    }

    private func problems(_ text: String) throws -> [String] {
        try #require(throws: Diagnostics.self) { try read(text) }.list.map(\.message)
    }

    private func times(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    @Test(arguments: [("[", "]"), ("{a: ", "}")])
    func `values stand inside each other down to a depth`(open: String, close: String) throws {
        func nested(_ depth: Int) -> String { times(depth, open) + "1" + times(depth, close) }
        #expect(try read(nested(Documents.Limits.depth)).scalar == nil)
        #expect(
            try problems(nested(Documents.Limits.depth + 1))
                == ["the document is nested more than 100 deep"]
        )
    }

    /// Six levels of lists, each with ten aliases of the one before: the last holds a million
    /// nodes.
    private static let bomb = (1...6).map { level in
        let inner = Array(repeating: level == 1 ? "1" : "*a\(level - 1)", count: 10)
        return "a\(level): &a\(level) [\(inner.joined(separator: ","))]\n"
    }

    @Test func `what aliases repeat counts as if it were written`() throws {
        let most = Self.bomb.dropLast().joined()
        #expect(try read(most)["a5"]?.elements?.count == 10)
        #expect(try problems(Self.bomb.joined()) == ["aliases make the document too large"])
    }

    @Test func `aliases inside aliases reach down to the same depth`() throws {
        func chain(_ count: Int) -> String {
            "a0: &a0 [1]\n" + (1...count).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
        }
        _ = try read(chain(Documents.Limits.depth - 2))
        #expect(
            try problems(chain(Documents.Limits.depth))
                == ["aliases make the document deeper than 100 levels"]
        )
    }
}
