import Decisions
import TestSupport
import Testing
import Values

struct LogTests {
    /// A small log of six entries.
    private static func log() -> [StoredEntry] {
        var head = ChainHead.empty
        return (1...6).map { number in
            let entry = StoreFixture.entry(
                StoreFixture.record(UInt64(number)),
                payload: [StoreFixture.part("/input", .int(Int64(number)))]
            )
            head = head.appending(entry.canonicalBytes)
            return StoredEntry(
                sequence: head.count,
                hash: head.hash,
                bytes: entry.canonicalBytes,
                previous: 0,
                payload: entry.payload
            )
        }
    }

    private func findings(
        _ log: [StoredEntry],
        against heads: [ChainHead] = []
    ) -> [Verification.Finding] {
        var verification = Verification(against: heads)
        for entry in log { verification.add(entry) }
        verification.finish()
        return verification.findings
    }

    @Test func `the hash of the first entry is the one written down`() {
        let head = ChainHead.empty.appending(Array("{}".utf8))
        // Made with another program: SHA-256 of 32 zero bytes, 1 as eight bytes, and {}.
        #expect(
            head.description
                == "1:1bad765d926feacace97a8ddcd329a1f4254c208affc1ba86b3c7d59e8fba83e"
        )
        #expect(ChainHead(head.description) == head)
        #expect(ChainHead("1:zz") == nil)
        #expect(ChainHead("-1:" + head.hash.hex) == nil)
    }

    @Test func `an untouched log is whole`() { #expect(findings(Self.log()).isEmpty) }

    @Test func `any changed byte of any entry is found`() {
        let log = Self.log()
        for index in log.indices {
            for place in log[index].bytes.indices {
                var changed = log
                var bytes = log[index].bytes
                bytes[place] ^= 1
                changed[index] = StoredEntry(
                    sequence: log[index].sequence,
                    hash: log[index].hash,
                    bytes: bytes,
                    previous: 0,
                    payload: log[index].payload
                )
                #expect(!findings(changed).isEmpty)
            }
        }
    }

    @Test func `a swap, an insertion and an inner removal are found`() {
        let log = Self.log()
        for index in 0..<5 {
            var swapped = log
            swapped.swapAt(index, index + 1)
            #expect(!findings(swapped).isEmpty)
            var removed = log
            removed.remove(at: index)
            #expect(!findings(removed).isEmpty)
            var inserted = log
            inserted.insert(log[index], at: index)
            #expect(!findings(inserted).isEmpty)
        }
    }

    @Test func `a removed end is found against a kept head, and only so`() {
        let log = Self.log()
        let head = ChainHead(count: 6, hash: log[5].hash)
        let cut = Array(log.prefix(4))
        #expect(findings(cut).isEmpty)
        #expect(findings(cut, against: [head]) == [.head(head)])
        #expect(findings(log, against: [head, ChainHead(count: 2, hash: log[1].hash)]).isEmpty)
        let forged = ChainHead(count: 3, hash: log[1].hash)
        #expect(findings(log, against: [forged]) == [.head(forged)])
    }

    @Test func `a changed payload is found, and a redacted one leaves the log whole`() {
        var log = Self.log()
        let entry = log[2]
        func with(_ payload: [PayloadPart]) -> StoredEntry {
            StoredEntry(
                sequence: entry.sequence,
                hash: entry.hash,
                bytes: entry.bytes,
                previous: 0,
                payload: payload
            )
        }
        log[2] = with([StoreFixture.part("/input", 999)])
        #expect(findings(log) == [.payload(sequence: 3, part: "/input")])
        log[2] = with([])
        var verification = Verification()
        for entry in log { verification.add(entry) }
        #expect(verification.isWhole)
        #expect(verification.redactedParts == 1)
    }

    @Test func `private values stand beside the input and are put back`() throws {
        let input: JSON = ["message": "secret", "customer": ["id": "C-1", "tier": "gold"]]
        var salt: UInt8 = 0
        let parts = [PayloadPart].input(
            input,
            private: [try JSONPointer("/message"), try JSONPointer("/customer/id")],
            salts: {
                salt += 1
                return [UInt8](repeating: salt, count: 16)
            }
        )
        #expect(parts.map(\.name) == ["/input", "/input/message", "/input/customer/id"])
        #expect(!parts[0].value.compactText.contains("secret"))
        let read = try #require([PayloadPart](rowBytes: parts.rowBytes))
        #expect(read == parts)
        #expect(read.value("/input") == input)
        let redacted = read.filter { $0.name != "/input/message" }
        #expect(redacted.value("/input")?["customer"]?["id"] == "C-1")
        #expect(redacted.value("/input")?["message"]?.string == nil)
        let entry = Entry(
            .decided,
            decision: nil,
            at: StoreFixture.now,
            facts: JSONObject(),
            payload: parts
        )
        #expect(!String(decoding: entry.canonicalBytes, as: UTF8.self).contains("secret"))
    }
}
