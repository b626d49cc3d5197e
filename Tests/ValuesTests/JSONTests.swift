import TestSupport
import Testing

@testable import Values

struct JSONTests {
    // MARK: Canonical bytes

    @Test(
        arguments: [
            // RFC 8785, appendix B, by the bits of each double.
            (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
            (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xC340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"),
            (0x44B5_2D02_C7E1_4AF6, "1e+23"), (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"),
            (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
            (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"),
            (0x444B_1AE4_D6E2_EF50, "1e+21"), (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"),
            (0x3EB0_C6F7_A0B5_ED8D, "0.000001"), (0x41B3_DE43_5555_5553, "333333333.3333332"),
            (0x41B3_DE43_5555_5554, "333333333.33333325"),
            (0xBECB_F647_612F_3696, "-0.0000033333333333333333"), (0x8000_0000_0000_0000, "0"),
        ] as [(UInt64, String)]
    ) func `a double is printed as ECMAScript prints it`(
        bits: UInt64,
        text: String
    ) {
        #expect(JSON.ecmaScript(Double(bitPattern: bits)) == text)
    }

    @Test func `canonical bytes order names by UTF-16 and escape as little as they must`() throws {
        let json = try JSON.read(
            #"{"\u20ac":"Euro","\r":"CR","\ufb33":"Dalet","1":"One","\ud83d\ude00":"Smile","\u0080":"C","ö":"\u000f\n/\"\\"}"#
        )
        let text = String(decoding: json.canonicalBytes, as: UTF8.self)
        #expect(
            text
                == "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"C\",\"ö\":\"\\u000f\\n/\\\"\\\\\",\"€\":\"Euro\",\"😀\":\"Smile\",\"\u{FB33}\":\"Dalet\"}"
        )
    }

    @Test(arguments: [
        (0x1p53, "9007199254740992"), (0x1p63, "9223372036854775808"),
        (-0x1p63, "-9223372036854775808"),
        (1e20, "1e+20"), (-1e20, "-1e+20"), (0x1.8p70, "1.770887431076117e+21"),
    ]) func `a large whole double reads back as itself`(value: Double, text: String) throws {
        #expect(JSON.double(value).compactText == text)
        #expect(try JSON.read(text) == .double(value))
    }

    @Test func `integers stay exact and equal values have equal bytes`() throws {
        let big = try JSON.read("[9223372036854775807,18446744073709551615,-9223372036854775808]")
        #expect(
            big.compactText == "[9223372036854775807,18446744073709551615,-9223372036854775808]"
        )
        #expect(try JSON.read("1.0").canonicalBytes == JSON.read("1").canonicalBytes)
        #expect(
            try JSON.read(#"{"a":1,"b":2}"#).canonicalBytes
                == JSON.read(#"{"b":2.0,"a":1}"#).canonicalBytes
        )
    }

    // MARK: Errors

    @Test(arguments: [
        ("", JSONError.Code.empty, 1, 1, ""),
        ("{\"a\": 1,}", .unexpected, 1, 9, ""),
        ("[1,\n 2,\n]", .unexpected, 3, 1, "/2"),
        ("{'a': 1}", .unexpected, 1, 2, ""),
        ("{\"a\": {\"b\": tru}}", .unexpected, 1, 13, "/a/b"),
        ("{\"a\": 1, \"a\": 2}", .duplicateName, 1, 10, "/a"),
        ("[1] x", .trailing, 1, 5, ""),
        ("\"é\\q\"", .invalidEscape, 1, 3, ""),
        ("\"\\ud800\"", .invalidEscape, 1, 2, ""),
        ("[1e999]", .numberRange, 1, 2, "/0"),
        ("18446744073709551616", .numberRange, 1, 1, ""),
        ("01", .invalidNumber, 1, 3, ""),
        ("[NaN]", .unexpected, 1, 2, "/0"),
        ("\"a\nb\"", .unexpected, 1, 3, ""),
        ("\"abc", .unterminated, 1, 1, ""),
        ("\u{FEFF}1", .unexpected, 1, 1, ""),
        ("// c\n1", .unexpected, 1, 1, ""),
    ]) func `what is wrong is told with line, column and pointer`(
        text: String,
        code: JSONError.Code,
        line: Int,
        column: Int,
        pointer: String
    ) throws {
        let error = try #require(throws: JSONError.self) { try JSON.read(text) }
        #expect(error.code == code)
        #expect(error.position.line == line)
        #expect(error.position.column == column)
        #expect(error.pointer.description == pointer)
    }

    @Test func `bytes that are not UTF-8 are told with their place`() throws {
        let error = try #require(throws: JSONError.self) {
            try JSON.read([0x22, 0x61, 0xC3, 0x22])
        }
        #expect(error.code == .invalidUTF8)
        #expect(error.position.offset == 2)
    }

    @Test func `depth, size and count have their limits, each with its error`() throws {
        let deep =
            Array(repeating: "[", count: 300).joined()
            + Array(repeating: "]", count: 300).joined()
        #expect(try #require(throws: JSONError.self) { try JSON.read(deep) }.code == .tooDeep)
        let limits = JSONLimits(bytes: 10, depth: 5, values: 3)
        #expect(
            try #require(throws: JSONError.self) {
                try JSON.read(Array("[1,2,3,4,5,6]".utf8), limits: limits)
            }.code == .tooLarge
        )
        #expect(
            try #require(throws: JSONError.self) {
                try JSON.read(Array("[1,2,3,4]".utf8), limits: limits)
            }.code == .tooLarge
        )
    }

    // MARK: Two readers

    /// Found by fuzzing: the fast reader counted names too, so that the slow one read what was near
    /// the limit.
    @Test(arguments: 1...8) func `both readers count the same values`(values: Int) {
        let limits = JSONLimits(bytes: 100, depth: 5, values: values)
        let bytes = Array(#"{"a":1,"b":{"c":[2,"d"]}}"#.utf8)
        var reader = PositionedJSONReader(bytes, limits: limits)
        let slow = try? reader.read()
        #expect((slow == nil) == (values < 6))
        #expect(FastJSONReader.read(bytes, limits: limits) == slow)
    }

    private static let seeds: [String] = [
        #"{"a":[1,2.5,-3e4,true,false,null],"b":{"c":"é😀\n\"\\"},"":0}"#,
        #"[[],{},"",0,-0,-0.0,1e-7,18446744073709551615,9223372036854775808]"#,
        #"{"message":"hi","amount":12.50,"tags":["x","y"],"customer":{"id":"C-1","tier":"gold"}}"#,
        "  \"\\u00e9\\ud83d\\ude00\\/\"  ", "1.7976931348623157e308", "true",
    ]

    @Test(arguments: SeededGenerator.seeds)
    func
        `both readers agree on every text, sound or mutated`(seed: UInt64)
    {
        var generator = SeededGenerator(seed: seed)
        let interesting =
            Array("\"\\{}[]:,0123456789eE+-.truefalsn \n\t\u{0}ué".utf8) + [0xFF, 0xC3]
        for _ in 0..<1_000 {
            var bytes = Array(
                Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &generator)].utf8
            )
            for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = interesting[Int.random(in: 0..<interesting.count, using: &generator)]
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                default: bytes.remove(at: place)
                }
            }
            let fast = FastJSONReader.read(bytes, limits: .standard)
            var reader = PositionedJSONReader(bytes, limits: .standard)
            do {
                let slow = try reader.read()
                #expect(fast == slow, "\(String(decoding: bytes, as: UTF8.self))")
                #expect(fast?.compactText == slow.compactText)
                #expect((try? JSON.read(slow.canonicalBytes)) == slow)
            } catch {
                #expect(fast == nil, "\(String(decoding: bytes, as: UTF8.self)): \(error)")
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `a double has the shortest digits that read back`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1_000 {
            let places = Int.random(in: 0...6, using: &generator)
            let digits = Int64.random(in: -1_000_000_000...1_000_000_000, using: &generator)
            let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
            let value = Double(digits) / Double(scale)
            let text = JSON.ecmaScript(value)
            #expect(Double(text) == value)
            // Swift's description is the shortest too, with ".0" after a whole number.
            let known = value.description
            if !known.contains("e") {
                let plain = known.hasSuffix(".0") ? String(known.dropLast(2)) : known
                #expect(text == (plain == "-0" ? "0" : plain))
            }
        }
    }

    // MARK: Pointers

    @Test func `a pointer finds and replaces what it names`() throws {
        let json: JSON = ["a/b": [1, ["m~n": 2]]]
        let pointer = try JSONPointer("/a~1b/1/m~0n")
        #expect(json[pointer] == 2)
        #expect(pointer.description == "/a~1b/1/m~0n")
        #expect(json.replacing(pointer, with: 3)[pointer] == 3)
        #expect(json[try JSONPointer("/a~1b/01")] == nil)
        #expect(throws: JSONPointerError.self) { try JSONPointer("a") }
        #expect(throws: JSONPointerError.self) { try JSONPointer("/~2") }
    }

    /// A mark joins the character before it, and RFC 6901 knows no characters.
    @Test(arguments: ["\u{301}x", "~\u{301}", "/\u{301}/", "~1\u{308}", "\u{200D}"])
    func `a pointer to a name with a combining mark reads back`(_ name: String) throws {
        let pointer = JSONPointer(tokens: [name, name])
        let again = try JSONPointer(pointer.description)
        #expect(again.tokens.map { Array($0.utf8) } == pointer.tokens.map { Array($0.utf8) })
        let inner = try #require(JSONObject([.init(name, 1)]))
        let json = JSON.object(try #require(JSONObject([.init(name, .object(inner))])))
        #expect(json[again] == 1)
        #expect(throws: JSONPointerError.self) { try JSONPointer("/~\u{301}") }
        #expect(throws: JSONPointerError.self) { try JSONPointer("a/\u{301}") }
    }
}
