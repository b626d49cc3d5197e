import Autonomy
import Models
import Testing
import Values

struct SecretTests {
    private struct Holder {
        let name = "fast"
        let key: Secret?
    }

    private func planted() throws -> Secret { try Secret("sk-planted-123") }

    @Test func `no way of printing shows the key`() throws {
        let holder = Holder(key: try planted())
        var dumped = ""
        dump(holder, to: &dumped)
        dump(holder.key, to: &dumped)
        let endpoint = ModelEndpoint(
            name: "fast",
            shape: .chat,
            url: try EndpointURL("http://h"),
            model: "m",
            key: SecretKey { () throws(ModelError) in try Secret("sk-planted-123") }
        )
        dump(endpoint, to: &dumped)
        let header = HTTPHeader("authorization", prefix: "Bearer ", try planted())
        dump(HTTPCall(url: "http://h", headers: [header], timeout: .seconds(1)), to: &dumped)
        let texts = [
            dumped, "\(holder)", String(reflecting: holder), String(describing: holder.key),
            String(reflecting: endpoint), "\(header)", String(reflecting: header),
        ]
        for text in texts { #expect(!text.contains("planted")) }
        for text in texts where !text.hasPrefix("Models.ModelEndpoint") {
            #expect(text.contains("<secret>"))
        }
    }

    @Test(arguments: ["", "two\nlines", "tab\t", "end\r", "nul\0"])
    func `text that cannot be a header's value is refused without being shown`(_ text: String) {
        let error = #expect(throws: ModelError.self) { try Secret(text) }
        #expect(error?.message.contains("lines") == false)
    }

    @Test func `an echo with escaped slashes is replaced too`() throws {
        let key = try Secret("a/b/c")
        let clean = key.redacting(Array(#"x a/b/c y a\/b\/c z"#.utf8))
        #expect(String(decoding: clean, as: UTF8.self) == "x <secret> y <secret> z")
    }

    @Test(arguments: [
        ("", ""), ("nothing", "nothing"), ("KEY", "<secret>"), ("aKEYbKEY", "a<secret>b<secret>"),
        ("KEKEY", "KE<secret>"), ("KE", "KE"),
    ])
    func `every echo of a key is replaced`(_ text: String, _ clean: String) throws {
        let key = try Secret("KEY")
        #expect(String(decoding: key.redacting(Array(text.utf8)), as: UTF8.self) == clean)
    }
}

struct MoneyTests {
    @Test func `a call's cost is exact`() throws {
        let price = try #require(Price(input: 0.10, output: 0.4, cached: 0.025))
        let usage = Usage(input: 1_000, cached: 400, output: 50, reasoning: 20)
        let cost = price.cost(of: usage)
        #expect(cost.picodollars == 600 * 100_000 + 400 * 25_000 + 50 * 400_000)
        #expect(cost.description == "0.00009")
    }

    @Test func `a million cheap calls add up without a rounding error`() throws {
        let price = try #require(Price(input: 0.07, output: 0))
        let total = (0..<1_000_000).reduce(Money.zero) { sum, _ in
            sum + price.cost(of: Usage(input: 1))
        }
        #expect(total.description == "0.07")
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000000000001"), (-1_500_000_000_000, "-1.5"),
        (2_000_000_000_000, "2"), (Int64.max, "9223372.036854775807"),
    ])
    func `money is written in dollars`(_ picodollars: Int64, _ text: String) {
        #expect(Money(picodollars: picodollars).description == text)
    }

    @Test func `sums and products stop at the end instead of wrapping`() {
        let most = Money(picodollars: .max)
        #expect(most + most == most)
        #expect(most * 2 == most)
        #expect(most * -2 == Money(picodollars: .min))
        #expect(Money(picodollars: .min) + Money(picodollars: -1) == Money(picodollars: .min))
    }

    @Test func `more cached than input tokens cost no more than the input`() throws {
        let price = try #require(Price(input: 1, output: 0, cached: 0.5))
        #expect(price.cost(of: Usage(input: 10, cached: 99)).picodollars == 10 * 500_000)
    }

    @Test(arguments: [-0.1, .nan, .infinity, 1e7])
    func `a price that is none is refused`(_ dollars: Double) {
        #expect(Price(input: dollars, output: 0) == nil)
    }
}

struct EndpointURLTests {
    @Test(arguments: [
        ("http://h:9200/v1", "http://h:9200/v1/chat/completions"),
        ("http://h:9200/v1/", "http://h:9200/v1/chat/completions"),
        ("http://h:9200", "http://h:9200/chat/completions"),
        ("HTTPS://h/v1//", "HTTPS://h/v1/chat/completions"),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/d/gpt?api-version=1", "https://h/d/gpt/chat/completions?api-version=1"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1/chat/completions"),
    ])
    func `the path stands behind the base and before its query`(
        _ base: String,
        _ joined: String
    ) throws {
        #expect(try EndpointURL(base).joined("/chat/completions") == joined)
    }

    @Test(arguments: [
        "", "h:9200", "ftp://h", "http://", "http:///v1", "http://:80", "http://u:p@h/v1",
        "http://h/v1#x", "http://h/a b", "http://h/\r\nx: y", "http://hé",
    ])
    func `what is no base URL is refused`(_ text: String) {
        #expect(throws: ModelError.self) { try EndpointURL(text) }
    }

    @Test func `a password in a URL is not repeated`() {
        let error = #expect(throws: ModelError.self) { try EndpointURL("http://u:pass@h") }
        #expect(error?.message.contains("pass@") == false)
    }
}
