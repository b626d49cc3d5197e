/// Cuts what comes in into lines, each asked for when it is wanted.
///
/// It holds what was added and not yet cut, and never more of one line than that line's limit.
struct LineScanner {
    struct Line: Equatable, Sendable {
        /// Counted from 1, blank lines too.
        let number: Int
        /// Without its end; nothing when the line was longer than the limit.
        let bytes: [UInt8]?
    }

    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where the line begins that is to be cut next.
    private var start = 0
    /// Up to where no line ends.
    private var searched = 0
    private var number = 0
    /// Whether the line is too long already and what there is of it was let go.
    private var isSkipping = false
    private var isEnded = false

    /// `limit` is how many bytes a line may have.
    init(limit: Int) { self.limit = limit }

    /// Bytes that are held and not cut.
    var held: Int { buffer.count - start }

    mutating func add(_ bytes: some Collection<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer += bytes
    }

    /// Says that nothing follows, so that what is left is a line.
    mutating func end() { isEnded = true }

    /// The next line that is not blank, as far as it is there whole.
    mutating func next() -> Line? {
        while let line = cut() {
            guard let bytes = line.bytes else { return line }
            if !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return line }
        }
        return nil
    }

    private mutating func cut() -> Line? {
        let end: Int
        if let found = buffer[searched...].firstIndex(of: 0x0A) {
            end = found
        } else {
            searched = buffer.count
            guard isEnded, held > 0 || isSkipping else {
                // One byte more may be the carriage return of a line that fits.
                if isSkipping || held > limit + 1 {
                    isSkipping = true
                    start = buffer.count
                }
                return nil
            }
            end = buffer.count
        }
        var last = end
        if last > start, buffer[last - 1] == 0x0D { last -= 1 }
        let isTooLong = isSkipping || last - start > limit
        number += 1
        let line = Line(number: number, bytes: isTooLong ? nil : Array(buffer[start..<last]))
        start = min(end + 1, buffer.count)
        searched = start
        isSkipping = false
        return line
    }
}
