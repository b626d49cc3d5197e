internal import Platform
internal import Values

/// The output of `decide`: one line of JSON a decision, in the order of the input.
///
/// It is a projection of the store. What an earlier run left is compared line by line with what
/// the store says now: lines that agree stay, and from the first that does not (a torn last line,
/// a review settled since) the rest is cut and written again.
struct OutputFile {
    /// What every line begins with, so that no other file is taken for an output.
    private static let marker = Array(#"{"key":"#.utf8)
    private static let writeSize = 1 << 16

    private let file: File
    /// What an earlier run left, while it agrees.
    private var earlier: EarlierLines?
    private var pending: [UInt8] = []

    /// Refuses a file that holds something else than decisions.
    init(_ path: String) throws {
        if Folder.isFolder(path) {
            throw CommandFailure.usage("--output needs a file; \(path) is a folder")
        }
        file = try File(path, for: .updating)
        guard try file.size() > 0 else { return }
        try file.seek(to: 0)
        let start = try file.read(upTo: Self.marker.count)
        guard Self.marker.starts(with: start) else {
            throw CommandFailure.refused(
                "\(path) holds something else than decisions, so nothing was written to it; name "
                    + "another --output, or remove it"
            )
        }
        try file.seek(to: 0)
        earlier = EarlierLines()
    }

    /// Writes the line after those before it, or finds it there already.
    mutating func write(_ line: [UInt8]) throws {
        if var known = earlier {
            if try known.nextAgrees(with: line, in: file) {
                earlier = known
                return
            }
            try file.truncate(to: known.agreed)
            earlier = nil
        }
        pending += line
        pending.append(UInt8(ascii: "\n"))
        if pending.count >= Self.writeSize { try flush() }
    }

    /// Hands what was written to the system, so that others can read it.
    mutating func flush() throws {
        guard !pending.isEmpty else { return }
        try file.write(pending)
        pending.removeAll(keepingCapacity: true)
    }

    /// Cuts what is left of an earlier run and makes the file durable.
    mutating func finish() throws {
        if let earlier { try file.truncate(to: earlier.agreed) }
        earlier = nil
        try flush()
        try file.synchronize()
    }
}

/// The lines of an output file that an earlier run left, read one after another.
private struct EarlierLines {
    /// The bytes of the lines that agreed.
    private(set) var agreed = 0
    private var buffer: [UInt8] = []
    private var start = 0

    mutating func nextAgrees(with line: [UInt8], in file: File) throws -> Bool {
        while buffer.count - start <= line.count {
            let more = try file.read(upTo: 1 << 16)
            if more.isEmpty { return false }
            buffer.removeFirst(start)
            start = 0
            buffer += more
        }
        let end = start + line.count
        guard buffer[start..<end].elementsEqual(line), buffer[end] == UInt8(ascii: "\n") else {
            return false
        }
        start = end + 1
        agreed += line.count + 1
        return true
    }
}
