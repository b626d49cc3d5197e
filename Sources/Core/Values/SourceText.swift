/// A place in a text: line and column from 1, counted in Unicode code points, and the UTF-8 offset.
package struct SourcePosition: Sendable, Hashable, Comparable {
    package let line: Int
    package let column: Int
    package let offset: Int

    package init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    package static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        left.offset < right.offset
    }
}

/// A named text whose offsets turn into lines and columns only when someone must read them.
package final class SourceText: Sendable {
    /// What a person calls it: a path relative to the workspace, or `<condition>`.
    package let name: String
    package let text: String
    private let bytes: [UInt8]
    private let lineStarts: [Int]

    package init(name: String, text: String) {
        self.name = name
        self.text = text
        bytes = Array(text.utf8)
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    package var utf8Count: Int { bytes.count }

    /// The position of a UTF-8 offset; an offset past the end is the end.
    package func position(at offset: Int) -> SourcePosition {
        let offset = min(max(offset, 0), bytes.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let column = bytes[lineStarts[low]..<offset].count { $0 & 0xC0 != 0x80 } + 1
        return SourcePosition(line: low + 1, column: column, offset: offset)
    }

    /// The UTF-8 offset of a line and column, both from 1 and counted in code points.
    package func offset(line: Int, column: Int) -> Int {
        guard line >= 1, line <= lineStarts.count else { return bytes.count }
        var offset = lineStarts[line - 1]
        var left = column - 1
        while left > 0, offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") {
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            left -= 1
        }
        return offset
    }

    /// The text of a line, counted from 1, without its end.
    package func line(_ number: Int) -> String {
        guard number >= 1, number <= lineStarts.count else { return "" }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}

/// A run of UTF-8 offsets in one source text.
package struct SourceRange: Sendable, Equatable {
    package let source: SourceText
    package let offsets: Range<Int>

    package init(_ source: SourceText, _ offsets: Range<Int>) {
        self.source = source
        self.offsets = offsets
    }

    package var start: SourcePosition { source.position(at: offsets.lowerBound) }

    package static func == (left: SourceRange, right: SourceRange) -> Bool {
        left.source === right.source && left.offsets == right.offsets
    }
}

/// A text that stands inside a source, such as a condition in a policy's scalar.
///
/// `verbatim` says that its bytes stand in the source one for one from `range` on, so places in it
/// are places in the source; a folded or escaped scalar is not, and its places are the whole of it.
package struct SourceFragment: Sendable, Equatable {
    package let text: String
    package let range: SourceRange
    package let verbatim: Bool

    package init(text: String, range: SourceRange, verbatim: Bool) {
        self.text = text
        self.range = range
        self.verbatim = verbatim
    }

    /// The whole of a text on its own.
    package init(name: String, text: String) {
        let source = SourceText(name: name, text: text)
        self.init(text: text, range: SourceRange(source, 0..<source.utf8Count), verbatim: true)
    }

    /// Where UTF-8 offsets of `text` stand in the source.
    package func sourceRange(_ local: Range<Int>) -> SourceRange {
        guard verbatim else { return range }
        let start = range.offsets.lowerBound
        return SourceRange(range.source, start + local.lowerBound..<start + local.upperBound)
    }
}
