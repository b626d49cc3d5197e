import Testing
import Values

struct DigestTests {
    @Test func `the digest of abc is the one FIPS 180-4 gives`() {
        let digest = Digest(of: Array("a".utf8), Array("b".utf8), Array("c".utf8))
        #expect(digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `the HMAC of RFC 4231 case 2 comes out`() {
        let mac = hmac(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(mac.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }
}

extension DigestTests {
    @Test(arguments: [0, 1, 63, 64, 65, 200]) func `a digest of pieces is that of the whole`(
        cut: Int
    ) {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var stream = DigestStream()
        stream.add(Array(bytes[..<cut]))
        stream.add(Array(bytes[cut...]))
        #expect(stream.finish() == Digest(of: bytes))
    }
}
