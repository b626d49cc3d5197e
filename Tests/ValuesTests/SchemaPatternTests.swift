import Testing
import Values

/// What ECMA-262 writes and RE2 spells differently.
struct SchemaPatternTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let pattern: String
        var matches: [String] = []
        var others: [String] = []
        var testDescription: String { pattern }
    }

    @Test(arguments: [
        Case(pattern: #"^\d+$"#, matches: ["42"], others: ["৪", "4\n", ""]),
        Case(pattern: #"^\D$"#, matches: ["৪", "x"], others: ["4"]),
        Case(pattern: #"^\w$"#, matches: ["a", "_"], others: ["é", "-"]),
        Case(pattern: #"^\W$"#, matches: ["é", "-"], others: ["a", "_"]),
        Case(
            pattern: #"^\s$"#,
            matches: [" ", "\u{A0}", "\u{FEFF}", "\u{2028}", "\u{0B}", "\u{3000}"],
            others: ["\u{85}", "\u{200B}", "a"]
        ),
        Case(pattern: #"^\S$"#, matches: ["\u{85}", "a"], others: [" ", "\u{A0}", "\u{2029}"]),
        Case(pattern: #"^[\s,]$"#, matches: ["\u{A0}", ","], others: ["a"]),
        Case(pattern: #"^[\S]$"#, matches: ["a"], others: ["\u{A0}"]),
        Case(pattern: #"^[^\s]$"#, matches: ["a"], others: ["\u{2003}"]),
        Case(pattern: #"^[^\W]$"#, matches: ["a"], others: ["-"]),
        Case(pattern: "^.$", matches: ["a", "\u{85}", "😀"], others: ["\n", "\r", "\u{2028}"]),
        Case(pattern: "a$", matches: ["a"], others: ["a\n", "a\nb"]),
        Case(pattern: "^[^]$", matches: ["\n", "x"], others: [""]),
        Case(pattern: "[]", others: ["", "x"]),
        Case(pattern: #"^\cJ\cj$"#, matches: ["\n\n"], others: ["cJcj"]),
        Case(pattern: #"^\u0041\x42\u{1F600}$"#, matches: ["AB😀"], others: ["AB"]),
        Case(pattern: #"^\uD83D\uDE00$"#, matches: ["😀"], others: [""]),
        Case(pattern: #"\uD83D"#, others: ["😀", ""]),
        Case(pattern: #"^[\uD83D\uDE00-\u{1F610}]$"#, matches: ["😃"], others: ["a"]),
        Case(pattern: #"^[\b\-a-c]$"#, matches: ["\u{8}", "-", "b"], others: ["d"]),
        Case(pattern: #"^\0\/\t\v\f$"#, matches: ["\0/\t\u{0B}\u{0C}"], others: ["0/"]),
        Case(pattern: #"^\p{Letter}cole$"#, matches: ["école"], others: ["1cole"]),
        Case(pattern: #"^\p{Lu}\P{Lu}$"#, matches: ["Éa"], others: ["éA"]),
        Case(pattern: #"^\p{gc=Decimal_Number}$"#, matches: ["৪"], others: ["a"]),
        Case(pattern: #"^\p{Script=Greek}\p{sc=Cyrl}$"#, matches: ["αж"], others: ["жα"]),
        Case(pattern: #"^[\p{L}\P{ASCII}]$"#, matches: ["a", "€"], others: ["1"]),
        Case(pattern: #"^\p{Any}\p{ASCII}$"#, matches: ["éa"], others: ["aé"]),
        Case(pattern: #"^\p{Cn}$"#, matches: ["\u{378}"], others: ["a"]),
        Case(pattern: #"^\P{C}$"#, matches: ["a"], others: ["\u{378}", "\u{7}"]),
        Case(pattern: #"^\p{LC}$"#, matches: ["a", "A"], others: ["א"]),
        Case(pattern: #"^(?<year>\d{4})-(?:\d\d)$"#, matches: ["2026-01"], others: ["26-01"]),
        Case(pattern: #"^(?i:a)b$"#, matches: ["Ab"], others: ["AB"]),
        Case(pattern: "(?i)^abc$", matches: ["ABC"], others: ["abd"]),
        Case(pattern: "^(?s:.).$", matches: ["\na"], others: ["a\n"]),
        Case(pattern: #"^a{2,3}?$"#, matches: ["aa", "aaa"], others: ["a", "aaaa"]),
        Case(pattern: #"^{\-\_"\"}$"#, matches: [#"{-_""}"#]),
        Case(pattern: "^[[a]+$", matches: ["[a"], others: ["]"]),
        Case(pattern: "^a|b$", matches: ["ax", "xb"], others: ["xax"]),
        Case(pattern: "", matches: ["", "x"]),
        Case(pattern: #"\bcat\b"#, matches: ["a cat"], others: ["cats"]),
        Case(pattern: "^é$", matches: ["é"], others: ["e\u{301}"]),
    ]) func `a pattern means what ECMA-262 says`(written: Case) throws {
        let schema = try Schema(["pattern": .string(written.pattern)])
        for text in written.matches {
            #expect(schema.allows(.string(text)), "\(text.debugDescription)")
        }
        for text in written.others {
            #expect(!schema.allows(.string(text)), "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("a(?=b)", "RE2 cannot look ahead", "use several patterns under 'allOf', and 'not'"),
        ("(?<!a)b", "RE2 cannot look behind", "use several patterns under 'allOf', and 'not'"),
        (#"(a)\1"#, "RE2 cannot refer back to what a group matched", ""),
        (#"(?<x>a)\k<x>"#, "RE2 cannot refer back to what a group matched", ""),
        ("a{1001}", "RE2 repeats at most 1000 times", "use 'maxLength' for long texts"),
        (#"\p{Alphabetic}"#, "RE2 has no property 'Alphabetic'", #"write '\p{L}'"#),
        (#"\p{Leter}"#, "'Leter' is no property that ECMA-262 knows", ""),
        (#"\Aa"#, #"'\A' is no escape of ECMA-262"#, "write '^'"),
        (#"a\Z"#, #"'\Z' is no escape of ECMA-262"#, "write '$'"),
        ("[[:alpha:]]", "ECMA-262 has no '[:…:]'", #"write the characters, or '\p{…}'"#),
        ("(a", "a '(' is not closed", ""), ("a)", "there is a ')' that closes nothing", ""),
        ("[a", "a '[' is not closed", ""), ("*a", "there is nothing for '*' to repeat", ""),
        ("a**", "there is nothing for '*' to repeat", ""),
        ("a{3,2}", "{3,2} has its bounds the wrong way round", ""),
        ("[b-a]", "a range has its ends the wrong way round", ""),
        (#"\2(a)"#, "there is no group 2 to refer to", ""),
    ]) func `a pattern that cannot be used says why, and where it stands`(
        pattern: String,
        reason: String,
        fix: String
    ) throws {
        let error = try #require(throws: Diagnostics.self) {
            try Schema(["properties": ["a/b": ["pattern": .string(pattern)]]])
        }
        let place = "(at /properties/a~1b/pattern)"
        #expect(
            error.list.map(\.message) == [
                "the pattern '\(pattern)' does not compile: \(reason) \(place)"
            ]
        )
        #expect((error.list.first?.fix ?? "") == fix)
    }

    @Test(arguments: [
        #"\p{Letter}"#, #"(?<=a+)b"#, #"(a)\1"#, #"(?<n>a)\k<n>"#, "(?i:a)", "[a-z&&b]",
        #"\u{10FFFF}"#,
        "(?<a>x)|(?<a>y)", #"[\-\]]"#, #"^\/$"#, #"a{1001}"#, #"\p{Emoji}"#, "(?!a)b", "(?i-s:a)",
        "",
    ]) func `a pattern of ECMA-262 is one, whatever RE2 can do`(pattern: String) throws {
        let schema = try Schema(["format": "regex"])
        #expect(schema.validate(.string(pattern)).isEmpty)
    }

    @Test(arguments: [
        #"\a"#, #"\Z"#, #"\z"#, #"\A"#, "a++", "(?>a)", "(?P<x>a)", "(?i)a", "(?-:a)", "(?#a)", "{",
        "a{",
        "}", "]", #"\p{Foo}"#, #"\pL"#, #"\u{110000}"#, #"\x4"#, #"\c1"#, #"\08"#, "(?<a>x)(?<a>y)",
        #"\k<a>"#, #"\1"#, "[a-\\d]", "(?=a)*", "^*", "(?<1>a)", #"\-"#, "[[:alpha:]]", "(?(1)a)",
        "(",
        #"\"#, "(?R)", #"\h"#, #"\Qa\E"#,
    ]) func `what other engines write is no pattern of ECMA-262`(pattern: String) throws {
        let schema = try Schema(["format": "regex"])
        #expect(
            schema.validate(.string(pattern)).map(\.keyword) == ["format"]
        )
    }
}
