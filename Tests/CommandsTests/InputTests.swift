import Testing
import Values

@testable import Commands

struct InputTests {
    @Test(arguments: [1, 2, 3, 7, 1_000]) func `records come out whole, whatever the pieces`(
        size: Int
    ) {
        let bytes = Array("a,\"x\ny\"\r\n\n\"q\"\"q\"\nlast".utf8)
        var scanner = RecordScanner(quotes: true, limit: 100)
        var records: [RecordScanner.Record] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            records += scanner.add(Array(bytes[start..<min(bytes.count, start + size)]))
        }
        records += [scanner.finish()].compactMap { $0 }
        #expect(records.map(\.line) == [1, 3, 4, 5])
        #expect(
            records.map { String(decoding: $0.bytes ?? [], as: UTF8.self) }
                == ["a,\"x\ny\"", "", "\"q\"\"q\"", "last"]
        )
    }

    @Test func `a record beyond the limit is passed over, and the next one is read right`() {
        var scanner = RecordScanner(quotes: false, limit: 5)
        let records = scanner.add(Array("123456789\nabc\n".utf8))
        #expect(records == [.init(line: 1, bytes: nil), .init(line: 2, bytes: Array("abc".utf8))])
    }

    @Test func `a map sets fields inside objects`() throws {
        let map = try FieldMap("message=text,customer.id=cid,customer.tier=meta.tier")
        #expect(
            map.input(from: ["text": "hi", "cid": "C", "meta": ["tier": "gold"], "more": 1])
                == ["message": "hi", "customer": ["id": "C", "tier": "gold"]]
        )
        #expect(throws: CommandFailure.self) { try FieldMap("message") }
    }

    @Test func `results in any order become lines in the order of the input`() {
        var projection = Projection()
        projection.add(place: 2, key: "c", line: [3])
        #expect(projection.takeDue() == nil)
        projection.add(place: 0, key: "a", line: [1])
        #expect(projection.takeDue() == .line([1]))
        #expect(projection.takeDue() == nil)
        projection.add(place: 1, key: "b", line: nil)
        #expect(projection.takeDue() == .line([3]))
        #expect(projection.takeDue() == nil)
    }

    @Test func `a table fits its width and never cuts what is copied`() {
        var table = Table([.init("id", whole: true), .init("n", number: true), .init("because")])
        table.add(["0123456789abcdef", "7", "a sentence that goes on\nand on"])
        let lines = table.lines(width: 36)
        #expect(lines[0].hasPrefix("id"))
        #expect(lines[1] == "0123456789abcdef  7  a sentence tha…")
    }
}
