import Testing
import Webhooks

struct CallbackURLTests {
    @Test(arguments: [
        ("https://example.com", "example.com:443"), ("http://example.com/", "example.com:80"),
        ("HTTPS://Example.COM:8443/a/b?c=d%20e&f=[g]", "example.com:8443"),
        ("https://93.184.216.34/hook", "93.184.216.34:443"),
        ("https://[2606:4700::1111]:81?x", "[2606:4700::1111]:81"),
        ("https://example.com./", "example.com.:443"), ("http://db.internal/x", "db.internal:80"),
        ("http://hook_1.example/x", "hook_1.example:80"),
    ])
    func `a usable URL is taken, with the host it leads to`(text: String, authority: String) throws
    {
        let url = try CallbackURL(text)
        #expect(url.text == text)
        #expect(url.authority == authority)
        #expect(!url.isPrivate)
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://10.1.2.3:80/", "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1", "http://0.0.0.0:9200", "http://224.0.0.1", "http://[::1]/",
        "http://[::]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[fd00::1]",
        "http://[fe80::1]/", "http://[ff02::1]/", "http://localhost/", "http://LOCALHOST:9200/",
        "http://a.localhost./x", "http://localhost.",
    ])
    func `a URL that names a private place is seen to be private`(_ text: String) throws {
        #expect(try CallbackURL(text).isPrivate)
    }

    @Test(arguments: [
        ("", "http://"), ("ftp://example.com", "http://"), ("example.com", "http://"),
        ("http:example.com", "http://"), ("file:///etc/passwd", "http://"),
        ("https://ann:secret@example.com/", "user"), ("https://ann@example.com", "user"),
        ("https://example.com/#part", "fragment"), ("https://", "no host"),
        ("https:///path", "no host"), ("https://:80/", "no host"), ("http://[::1/", "no host"),
        ("https://example.com:0/", "port"), ("https://example.com:65536/", "port"),
        ("https://example.com:+80/", "port"), ("https://example.com:/", "port"),
        ("https://[::1]x/", "port"), ("https://exa mple.com/", "character"),
        ("https://example.com/ä", "character"),
        ("https://example.com\\@evil.example/", "character"),
        ("https://example.com/\r\nhost: x", "character"), ("http://2130706433/", "four numbers"),
        ("http://127.1/", "four numbers"), ("http://0x7f.0x1/", "four numbers"),
        ("http://0177.0.0.1/", "four numbers"), ("http://1.2.3.256/", "four numbers"),
        ("http://[::1%25eth0]/", "IPv6"), ("http://[1.2.3.4]/", "IPv6"),
        ("http://%31%32%37.0.0.1/", "no name"), ("http://a..b/", "no name"),
    ])
    func `what is no usable URL is refused with what is wrong`(text: String, word: String) {
        let error = #expect(throws: CallbackURLError.self) { try CallbackURL(text) }
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "nothing")")
        #expect(error?.message.contains("ann") != true, "a URL may hold secrets")
    }

    @Test func `a URL has at most so many bytes`() throws {
        let start = "https://example.com/"
        let most = start + String(repeating: "a", count: Limits.urlBytes - start.utf8.count)
        #expect(try CallbackURL(most).text == most)
        let error = #expect(throws: CallbackURLError.self) { try CallbackURL(most + "a") }
        #expect(error?.message == "it is longer than \(Limits.urlBytes) bytes")
    }
}
