import Documents
import Testing
import Values

struct YAMLReaderTests {
    private func read(_ text: String) throws -> Node {
        try YAMLReader().read(SourceText(name: "a.yaml", text: text))
    }

    @Test(arguments: [
        ("a: 1", #"{"a":1}"#),
        ("on: off\nyes: no", #"{"on":"off","yes":"no"}"#),
        ("[0x1F, 0o17, 1e3, .5, -2, ~, true]", "[31,15,1000,0.5,-2,null,true]"),
        ("a: &x [1]\nb: *x", #"{"a":[1],"b":[1]}"#),
        ("|\n  two\n  lines\n", #""two\nlines\n""#),
        ("'1'", #""1""#),
        ("", "null"),
        ("18446744073709551615", "18446744073709551615"),
        (
            "when: input.amount <= 20 && input.tier != 'new'",
            #"{"when":"input.amount <= 20 && input.tier != 'new'"}"#
        ),
    ]) func `a document becomes the JSON of the core schema`(text: String, json: String) throws {
        #expect(try read(text).json.compactText == json.replacing("1000", with: "1000"))
    }

    @Test(arguments: [
        ("a: 1\na: 2", 2, 1, "the key 'a' is there twice"),
        ("a: !x 1", 1, 4, "tags such as '!x' are not used here"),
        ("a: {decide: Yes, please}", 1, 18, "null key after a comma: 'please' has no ':'"),
        ("a: .inf", 1, 4, "there is no infinity in JSON"),
        ("<<: {a: 1}", 1, 1, "merge keys ('<<') are not used here"),
        ("a: 1\n---\nb: 2", 2, 1, "there is a second document; expected exactly one"),
        ("größe: {a: 1, ü}", 1, 15, "null key after a comma: 'ü' has no ':'"),
        (
            "a: 99999999999999999999", 1, 4,
            "the integer 99999999999999999999 is beyond 64 bits; quote it"
        ),
    ]) func `what is wrong is told with its place`(
        text: String,
        line: Int,
        column: Int,
        message: String
    ) throws {
        let error = #expect(throws: Diagnostics.self) { try read(text) }
        let first = try #require(error?.list.first)
        #expect(first.message == message)
        #expect(first.position.line == line)
        #expect(first.position.column == column)
    }

    @Test func `a tab as indentation is told with its fix`() throws {
        let error = #expect(throws: Diagnostics.self) { try read("a:\n\tb: 1") }
        #expect(error?.list.first?.fix == "indent with spaces; YAML allows no tabs there")
    }

    @Test func `the text of a condition stands where it was written`() throws {
        let node = try read("é: 1\nwhen: \"input.x > 1\"")
        let fragment = try #require(node["when"]?.fragment)
        #expect(fragment.verbatim)
        #expect(fragment.sourceRange(6..<7).start.line == 2)
        #expect(fragment.sourceRange(6..<7).start.column == 14)
    }

    @Test func `aliases that multiply are stopped`() {
        var text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
        for level in 1...8 {
            let repeated = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            text += "a\(level): &a\(level) [\(repeated)]\n"
        }
        #expect(throws: Diagnostics.self) { try read(text) }
    }

    @Test func `bytes that are not UTF-8 are told with their place`() {
        let error = #expect(throws: Diagnostics.self) {
            try SourceText.decoding(name: "a", bytes: [0x61, 0x0A, 0x62, 0xFF])
        }
        #expect(error?.list.first?.position.line == 2)
        #expect(error?.list.first?.position.column == 2)
    }
}
