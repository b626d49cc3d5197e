import Testing
import Webhooks

/// Which addresses are of the public internet.
struct AddressTests {
    private func isPublic(_ text: String) throws -> Bool {
        try #require(NetworkAddress(text), "\(text) is no address").isPublic
    }

    @Test(arguments: [
        // First and last of each range of IANA's IPv4 special-purpose registry, and multicast.
        ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"), ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"), ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"), ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"), ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
        // And of IPv6's.
        ("::", "::1"), ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
        ("::8.8.8.8", "0:0:0:0:0:0:ffff:ffff"),
        ("64:ff9b::", "64:ff9b::ffff:ffff"), ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("100::", "100::ffff:ffff:ffff:ffff"), ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func `a reserved range is not public, from its first address to its last`(
        first: String,
        last: String
    ) throws {
        #expect(try !isPublic(first))
        #expect(try !isPublic(last))
    }

    @Test(arguments: [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
        "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
        "2000::", "2000:ffff::1", "2001:200::", "2001:db7:ffff::", "2001:db9::", "2003::",
        "2606:4700:4700::1111", "3ffe:ffff::", "3fff:1000::", "2a00:1450:4001:81b::200e",
    ])
    func `the neighbours of the reserved ranges are public`(_ text: String) throws {
        #expect(try isPublic(text))
    }

    @Test func `an address is read as its bytes`() throws {
        #expect(NetworkAddress("1.2.3.4")?.bytes == [1, 2, 3, 4])
        let zeros = [UInt8](repeating: 0, count: 15)
        #expect(NetworkAddress("::")?.bytes == zeros + [0])
        #expect(NetworkAddress("::1")?.bytes == zeros + [1])
        #expect(NetworkAddress("1::")?.bytes == [0, 1] + zeros.dropLast())
        #expect(
            NetworkAddress("1:2:3:4:5:6:7:aBcD")?.bytes
                == [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0xAB, 0xCD]
        )
        #expect(NetworkAddress("::ffff:1.2.3.4")?.bytes.suffix(6) == [0xFF, 0xFF, 1, 2, 3, 4])
        #expect(NetworkAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "0x7f.0.0.1", "1.2.3.+4", "1..2.3",
        " 1.2.3.4", "1.2.3.4 ", ":", ":::", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        "1:2:3:4:5:6:7::8:9", "::12345", "::g", "::+1", "::1%eth0", "[::1]", "::1.2.3", "1.2.3.4::",
        "::1.2.3.4:5", "1:2:3:4::5:6:7:8",
    ])
    func `what is no address, or one that readers differ on, is none`(_ text: String) {
        #expect(NetworkAddress(text) == nil)
    }
}
