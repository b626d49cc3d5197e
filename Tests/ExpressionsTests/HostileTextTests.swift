import TestSupport
import Testing
import Values

@testable import Expressions

/// Texts that nobody means well with: each ends in a program or an error.
struct HostileTextTests {
    private let environment = ExpressionEnvironment(
        variables: [Variable("b", .bool), Variable("n", .int), Variable("l", .dyn)]
    )

    private func outcome(_ text: String) -> [Diagnostic] {
        do throws(Diagnostics) {
            let program = try environment.compile(SourceFragment(name: "<condition>", text: text))
            var bindings = Bindings(environment)
            bindings.set("b", to: .bool(true))
            bindings.set("n", to: .int(1))
            bindings.set("l", to: .list([]))
            _ = program.condition(bindings)
            _ = program.estimatedCost()
            _ = program.isConstantFalse
            return []
        } catch {
            return error.list
        }
    }

    static let nested: [(open: String, middle: String, close: String)] = [
        ("[", "", "]"), ("(", "n", ")"), ("{1:", "1", "}"), ("!", "b", ""), ("-", "n", ""),
        ("b ? n : ", "n", ""), ("b ? ", "n", " : n"), ("", "l", "[0]"), ("l[", "0", "]"),
        ("", "b", " && b"), ("", "b", " || b"), ("", "n", " + n"), ("", "n", ".a"),
        ("", "l", ".all(x, b)"), ("[1].all(x, ", "b", ")"), ("size([", "", "])"),
        ("!(", "b", ")"), ("-(", "n", ")"), ("", "l", ".?a"), ("cel.bind(x, 1, ", "b", ")"),
        ("a.", "b", "{"), ("", "n", " == n"), ("[?", "l", "]"), ("has(", "l.a", ")"),
        ("`", "a", "`"), ("'", "", "'"), ("//", "", "\n"), ("\\", "", ""), ("\"\"\"", "", ""),
    ]

    @Test(arguments: nested)
    func `one hundred thousand of anything inside each other is told`(
        open: String,
        middle: String,
        close: String
    ) {
        for count in [249, 251, 501, 24_000, 100_000] {
            let text =
                String(repeating: open, count: count) + middle
                + String(repeating: close, count: count)
            let told = outcome(text)
            if count == 100_000, (open + close).utf8.count > 1 { #expect(!told.isEmpty) }
        }
    }

    @Test(arguments: [
        String(repeating: "9", count: 90_000), "0x" + String(repeating: "f", count: 90_000),
        "1." + String(repeating: "0", count: 90_000) + "1",
        "1e" + String(repeating: "9", count: 90_000),
        "'" + String(repeating: "\\u00e9", count: 15_000) + "'",
        "'a'.matches('" + String(repeating: "(a*)*", count: 10_000) + "')",
        "'a'.matches('((a{1000}){1000}){1000}')", "'a'.matches(r'\\pN+(?:(?:(?:x?)*)*)*')",
        "regex.replace('" + String(repeating: "a", count: 40_000) + "', 'a*b|a', 'x') == ''",
        "'" + String(repeating: "a", count: 40_000) + "'.contains('"
            + String(repeating: "a", count: 20_000) + "b')",
        "'%.100f'.format([1e308]) == '' || '%.100e'.format([5e-324]) == ''",
        "lists.range(400000).map(x, lists.range(400000)).size() > 1",
        "lists.range(2000).map(x, [x]).distinct().size() > 1",
        "lists.range(2000).transformMap(i, x, x).size() > 1",
    ])
    func `huge literals and hostile patterns end soon`(text: String) {
        let took = ContinuousClock().measure { _ = outcome(text) }
        #expect(took < .seconds(20))
    }

    @Test(arguments: SeededGenerator.seeds)
    func `a text that was changed anyhow is a program or an error`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var writer = ExpressionWriter(seed: seed &+ 1_000)
        let pieces = [
            "(", ")", "[", "]", "{", "}", "?", ":", ".", ",", "'", "\"", "\\", "r'", "b\"", "0x",
            "1e", "&&", "||", "!", "-", "in", "has", "cel.bind(", "\u{0}", "é", "`", "//", "\n",
            "9223372036854775808", "u", "...", "?.", "[?", "null", "as", "'''",
        ]
        for _ in 0..<100 {
            var text = Array(writer.any(depth: 3).utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: text.remove(at: place)
                case 1:
                    let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    text.insert(contentsOf: Array(piece.utf8), at: place)
                case 2: text[place] = UInt8.random(in: 1...255, using: &generator)
                default: text.removeSubrange(place...)
                }
            }
            for diagnostic in outcome(String(decoding: text, as: UTF8.self)) {
                #expect(!diagnostic.message.isEmpty && !diagnostic.rendered.isEmpty)
            }
        }
    }
}
