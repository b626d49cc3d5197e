@testable import Gateway
import Testing

/// Lines cut from what comes in.
struct LineScannerTests {
    private func lines(_ text: String, by size: Int, limit: Int = 5) -> [LineScanner.Line] {
        var scanner = LineScanner(limit: limit)
        var lines: [LineScanner.Line] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            scanner.add(bytes[start..<min(bytes.count, start + size)])
            while let line = scanner.next() { lines.append(line) }
            #expect(scanner.held <= limit + 1)
        }
        scanner.end()
        while let line = scanner.next() { lines.append(line) }
        return lines
    }

    @Test(arguments: 1...12)
    func `lines are the same however they arrive, and one too long is passed over`(_ size: Int) {
        let text = "abcde\r\n\n \r\nabcdef\nx\n\r\nabcdefghijk\r\nlast"
        let expected: [(Int, String?)] = [
            (1, "abcde"), (4, nil), (5, "x"), (7, nil), (8, "last"),
        ]
        let found = lines(text, by: size)
        #expect(found.map(\.number) == expected.map(\.0))
        #expect(
            found.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } } == expected.map(\.1)
        )
    }

    @Test func `what is left without a line's end is a line only when nothing follows`() {
        var scanner = LineScanner(limit: 10)
        scanner.add(Array("ab".utf8))
        #expect(scanner.next() == nil)
        scanner.add(Array("c\nd".utf8))
        #expect(scanner.next() == LineScanner.Line(number: 1, bytes: Array("abc".utf8)))
        #expect(scanner.next() == nil)
        scanner.end()
        #expect(scanner.next() == LineScanner.Line(number: 2, bytes: Array("d".utf8)))
        #expect(scanner.next() == nil)
    }

    @Test func `a line too long at the end is told, and nothing is nothing`() {
        #expect(lines("abcdefghi", by: 2) == [LineScanner.Line(number: 1, bytes: nil)])
        #expect(lines("", by: 1).isEmpty)
        #expect(lines("\n\n \t\n", by: 1).isEmpty)
    }
}
