/// Comma-separated values (RFC 4180): quoted cells may hold commas, quotes and line ends.
package enum CSV {
    package struct Failure: Error, Sendable, Equatable {
        package let message: String
        /// UTF-8 offset in the text.
        package let offset: Int
    }

    package struct Record: Sendable, Equatable {
        package let cells: [String]
        /// UTF-8 offsets of the record in the text.
        package let range: Range<Int>
    }

    /// The one record of a text.
    package static func record(_ text: String) throws(Failure) -> [String] {
        try records(text).first?.cells ?? [""]
    }

    /// All records; empty lines are passed over.
    package static func records(_ text: String) throws(Failure) -> [Record] {
        let bytes = Array(text.utf8)
        var records: [Record] = []
        var cells: [String] = []
        var cell: [UInt8] = []
        var start = 0
        var index = 0
        var wasQuoted = false
        func closeCell() {
            cells.append(String(decoding: cell, as: UTF8.self))
            cell = []
            wasQuoted = false
        }
        func closeRecord(_ end: Int) {
            if end > start || !cells.isEmpty {
                closeCell()
                records.append(Record(cells: cells, range: start..<end))
            }
            cells = []
        }
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\"") where cell.isEmpty && !wasQuoted:
                wasQuoted = true
                index = try quoted(bytes, index, into: &cell)
                continue
            case UInt8(ascii: "\""):
                throw Failure(message: "a quote stands inside a cell; double it", offset: index)
            case UInt8(ascii: ","): closeCell()
            case UInt8(ascii: "\n"):
                closeRecord(index)
                start = index + 1
            case UInt8(ascii: "\r") where index + 1 == bytes.count || bytes[index + 1] == 0x0A:
                break
            default:
                if wasQuoted {
                    throw Failure(
                        message: "expected ',' or the line's end after a quoted cell",
                        offset: index
                    )
                }
                cell.append(bytes[index])
            }
            index += 1
        }
        closeRecord(bytes.count)
        return records
    }

    /// Reads a quoted cell and returns where it ends.
    private static func quoted(
        _ bytes: [UInt8],
        _ open: Int,
        into cell: inout [UInt8]
    ) throws(Failure) -> Int {
        var index = open + 1
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\"") {
                guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\"") else {
                    return index + 1
                }
                index += 1
            }
            cell.append(bytes[index])
            index += 1
        }
        throw Failure(message: "a quoted cell is not closed", offset: open)
    }
}
