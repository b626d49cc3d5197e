import Testing
import Values

/// Formats, by examples of the documents that define them.
struct SchemaFormatTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let format: String
        var valid: [String] = []
        var invalid: [String] = []
        var testDescription: String { format }
    }

    @Test(arguments: [
        Case(
            format: "date",
            valid: ["2024-02-29", "2000-02-29", "0000-01-01", "2026-12-31"],
            invalid: [
                "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-01",
                "2026-01-00", "20260101", "2026-01-01 ", "2026-01-0১", "", "2026-W01-1",
                "2026/01/01",
            ]
        ),
        Case(
            format: "date-time",
            valid: ["1990-12-31T23:59:60Z", "1990-12-31t15:59:60-08:00", "2026-01-31T09:30:00.5z"],
            invalid: [
                "2026-01-31 09:30:00Z", "2026-01-31T09:30Z", "2026-01-31T09:30:00", "2026-01-31",
                "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00+0100",
            ]
        ),
        Case(
            format: "email",
            valid: [
                "joe.bloggs@example.com", "te~st@example.com", "~test@example.com",
                #""joe bloggs"@example.com"#, #""joe\"b"@example.com"#, #""joe@b"@example.com"#,
                "joe@[127.0.0.1]", "joe@[IPv6:::1]", "joe@[ipv6:2001:db8::1]", "a@b",
                "o'neil+x@b.c",
                String(repeating: "a", count: 64) + "@b.c",
            ],
            invalid: [
                "2962", ".test@example.com", "test.@example.com", "te..st@example.com", "joe@",
                "@example.com", "joe@[127.0.0.300]", "joe@invalid=domain.com", "joe@-a.com",
                "joe@a-.com", "joe@a..b", "joe@a.b.", "joe bloggs@example.com", "a@b@c",
                "a@b.com, c@d.com", "Joe <joe@example.com>", #""joe@example.com"#,
                "jöe@example.com",
                "joe@exämple.com", String(repeating: "a", count: 65) + "@b.c", "joe@[::1]",
                "joe@b\n",
                "joe@" + String(repeating: "a", count: 64) + ".com",
            ]
        ),
        Case(
            format: "idn-email",
            valid: ["실례@실례.테스트", "joe@exämple.com"],
            invalid: ["실례", "a@b@c", "@실례.테스트"]
        ),
        Case(
            format: "ipv4",
            valid: ["192.168.0.1", "0.0.0.0", "255.255.255.255"],
            invalid: [
                "127.0.0.0.1", "256.256.256.256", "127.0", "0x7f000001", "2130706433", "087.10.0.1",
                "87.10.0.1\n", "1২7.0.0.1", "192.168.1.0/24", "", "1..2.3", "1.2.3.", ".1.2.3",
                " 1.2.3.4",
            ]
        ),
        Case(
            format: "ipv6",
            valid: [
                "::", "1::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::1.2.3.4",
                "1:2:3:4:5:6:1.2.3.4",
            ],
            invalid: [
                "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2:3:4:5:6:1.2.3.4:8", ":", ":::", "",
            ]
        ),
        Case(
            format: "iri",
            valid: [
                "http://ƒøø.ßår/?∂éœ=πîx#πîüx", "http://ƒøø.com/blah_(wîkïpédiå)_blah#ßité-1",
                "http://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]", "http://a/?\u{E000}", "urn:ä",
                "http://[v1.a:b]/", "http://@/", "http://a:/",
            ],
            invalid: [
                "http://2001:0db8:85a3:0000:0000:8a2e:0370:7334", "/abc", #"\\WINDOWS\filëßåré"#,
                "âππ", "http://a/\u{E000}", "http://a/ b", "http://[::1", "http://a]/", "",
            ]
        ),
        Case(
            format: "iri-reference",
            valid: ["//ƒøø.ßår/?∂éœ=πîx#πîüx", "/âππ", "âππ", "#ƒrägmênt", "", "?a=ä"],
            invalid: [#"\\WINDOWS\filëßåré"#, #"#ƒräg\mênt"#, "%zz", "1:a"]
        ),
        Case(
            format: "uri-reference",
            valid: [
                "http://foo.bar/?baz=qux#quux", "//foo.bar/?baz=qux#quux", "/abc", "abc",
                "#fragment",
                "", "./a:b", "a/b:c", "?q", "a?b:c", "?:a", "..", ";a",
            ],
            invalid: [
                #"\\WINDOWS\fileshare"#, #"#frag\ment"#, "/foobar®.txt", "1a:b", ":a", "a b",
                "#a#b",
                "%", "[::1]",
            ]
        ),
        Case(
            format: "json-pointer",
            valid: ["", "/", "/foo/bar~0/baz~1/%a", "/foo//bar", "/\u{301}", "//", "/foo/-"],
            invalid: ["/foo/bar~", "/~2", "#", "#/", "a", "0", "a/a", "/~~", "/~0~"]
        ),
        Case(
            format: "uri-template",
            valid: ["{=a}", "{a:9999}", "x{?a,b*}", "%20"],
            invalid: ["{a:}", "{a:*}", "{{a}}", "%2", "\"", "{a b}", "{", "{.}"]
        ),
        Case(
            format: "duration",
            valid: ["P1Y", "PT1S", "P1YT1S"],
            invalid: ["PT1HT1M", "P1M1Y", "P1S", "p1d", "PT1W", "PW"]
        ),
    ]) func `a format accepts what its document says, and no more`(written: Case) throws {
        let schema = try Schema(["format": .string(written.format)])
        for text in written.valid { #expect(schema.allows(.string(text)), "\(text)") }
        for text in written.invalid { #expect(!schema.allows(.string(text)), "\(text)") }
        #expect(schema.allows(12))
    }

    /// Names of hosts with labels in their ASCII form: what they stand for keeps the same rules.
    @Test(arguments: zip(["hostname", "idn-hostname"], [true, false]))
    func `a label in ASCII is held to what it stands for`(format: String, isASCII: Bool) throws {
        let schema = try Schema(["format": .string(format)])
        let valid = [
            "xn--4gbwdl.xn--wgbh1c", "xn--zca29lwxobi7a", "xn--ll-0ea", "xn--wva3je", "xn--4dbc5h",
            "xn--11b2ezcw70k", "XN--4DBC5H", "ab--cd.com",
        ]
        let invalid = [
            "xn--X", "xn--hello-zed", "xn--hello-txk", "xn--hello-6bf", "xn--al-0ea", "xn--l-fda",
            "xn--a-2hc5h", "xn--", "xn---", "xn--a", "xn--a-", "xn--9999999999", "-xn--ll-0ea",
        ]
        for text in valid { #expect(schema.allows(.string(text)), "\(text)") }
        for text in invalid { #expect(!schema.allows(.string(text)), "\(text)") }
        #expect(schema.allows("bücher.de") != isASCII)
        #expect(!schema.allows("xn--ll-0ea.äb--c"))
    }

    @Test func `a label is composed, and decided so without tables`() throws {
        let schema = try Schema(["format": "idn-hostname"])
        #expect(schema.allows("caf\u{E9}.fr"))
        #expect(!schema.allows("cafe\u{301}.fr"))
        // A mark between, of a lower class, does not keep the two apart.
        #expect(!schema.allows("ae\u{323}\u{302}.fr"))
        #expect(schema.allows("q\u{301}.fr"))
        // Marks out of their order.
        #expect(!schema.allows("q\u{301}\u{323}.fr"))
        #expect(schema.allows("q\u{323}\u{301}.fr"))
    }

    @Test func `formats are asserted, or left to people`() throws {
        let document: JSON = ["format": "date"]
        #expect(
            try Schema(document).validate("today").map(\.description)
                == ["expected a date such as 2026-01-31; got 'today'"]
        )
        #expect(try Schema(document, formats: .annotated).validate("today").isEmpty)
    }
}
