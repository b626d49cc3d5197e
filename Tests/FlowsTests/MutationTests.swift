import Autonomy
import Documents
import Flows
import Testing
import TestSupport
import Values

/// Whatever stands in a file, reading it ends with a flow or with errors that name the file.
struct MutationTests {
    private static let words = [
        "steps", "steps.a", "${{", "}}", "each", "parallel", "switch", "else", "do", "flow: test",
        "on_failure", "undo", "[]", "{}", "null", "5", "''", "id: a", "when: \"true\"", "${env:X}",
        "with", "input", "- ", ": ", "  ", "\n", "\u{0}", "é", "retry", "&a ", "*a", "!!str ", "|",
    ]

    @Test(arguments: 1...4) func `mutated flows are read to an end`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let (files, workspace) = try Fixture.workspace([:])
        let original = Array(("flow: test\n" + WholeFlow.text).unicodeScalars)
        for _ in 0..<80 {
            var text = original
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&text, &random) }
            var all = files.files
            all["Flows/test.yaml"] = Array(String(String.UnicodeScalarView(text)).utf8)
            let set = FlowSet.compile(
                files: WorkspaceFiles(all),
                workspace: workspace,
                reader: YAMLReader(),
                zones: Fixture.zone
            )
            #expect(set.hasErrors == set.flows.isEmpty)
            #expect(set.diagnostics.allSatisfy { $0.file == "Flows/test.yaml" })
        }
    }

    private func mutate(_ text: inout [Unicode.Scalar], _ random: inout SeededGenerator) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        var changed = lines
        let line = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: changed.remove(at: line)
        case 1: changed.insert(lines[line], at: Int.random(in: 0..<lines.count, using: &random))
        case 2: changed.swapAt(line, Int.random(in: 0..<lines.count, using: &random))
        case 3:
            let word = Self.words.randomElement(using: &random) ?? ""
            let place = Int.random(in: 0...lines[line].count, using: &random)
            changed[line].insert(contentsOf: word.unicodeScalars, at: place)
        default:
            guard !lines[line].isEmpty else { return }
            let from = Int.random(in: 0..<lines[line].count, using: &random)
            let to = Int.random(in: from..<lines[line].count, using: &random)
            changed[line].removeSubrange(from...to)
        }
        text = Array(changed.joined(separator: ["\n"]))
    }
}
