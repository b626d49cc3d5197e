/// Cuts a stream of bytes into records, whatever pieces it comes in.
///
/// A record is a line, or for CSV a line that may go on inside quotes. One that is larger than the
/// limit is passed over to its end and told as such, so the next one is read right.
struct RecordScanner: Sendable {
    struct Record: Sendable, Equatable {
        /// The line it begins on, from 1.
        let line: Int
        /// Without its line end; nothing when it was too large.
        let bytes: [UInt8]?
    }

    private let quotes: Bool
    private let limit: Int
    private var pending: [UInt8] = []
    private var overflowed = false
    private var inQuotes = false
    private var line = 1
    private var recordLine = 1

    init(quotes: Bool, limit: Int) {
        self.quotes = quotes
        self.limit = limit
    }

    /// The records that end in these bytes.
    mutating func add(_ bytes: [UInt8]) -> [Record] {
        var records: [Record] = []
        var start = bytes.startIndex
        for index in bytes.indices {
            let byte = bytes[index]
            if quotes, byte == UInt8(ascii: "\"") { inQuotes.toggle() }
            guard byte == UInt8(ascii: "\n") else { continue }
            line += 1
            if inQuotes { continue }
            keep(bytes[start..<index])
            records.append(take())
            start = index + 1
        }
        keep(bytes[start...])
        return records
    }

    /// What is left at the end of the stream: a last line without a line end.
    mutating func finish() -> Record? {
        guard !pending.isEmpty || overflowed else { return nil }
        return take()
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        guard !overflowed else { return }
        if pending.count + bytes.count > limit {
            overflowed = true
            pending = []
        } else {
            pending += bytes
        }
    }

    private mutating func take() -> Record {
        defer {
            pending.removeAll(keepingCapacity: true)
            overflowed = false
            recordLine = line
        }
        if overflowed { return Record(line: recordLine, bytes: nil) }
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        return Record(line: recordLine, bytes: pending)
    }
}
