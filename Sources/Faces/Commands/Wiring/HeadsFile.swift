internal import Decisions
internal import Platform
internal import Storage
internal import Values

/// The heads of the log, a line each, in a file beside the store: what shows later that the end of
/// the log was not cut off.
struct HeadsFile: Sendable {
    let path: String

    init(_ storePath: String) { path = storePath + ".heads" }

    func append(_ head: ChainHead) throws {
        guard head.count > 0 else { return }
        let file = try File(path, for: .updating)
        let size = try file.size()
        try file.seek(to: size)
        try file.write(Array("\(head)\n".utf8))
        try file.synchronize()
    }

    /// The heads kept; a last line that was cut short is passed over, any other that cannot be
    /// read is an error.
    func read() throws -> [ChainHead] {
        guard Folder.exists(path) else { return [] }
        let text = String(
            decoding: try Folder.read(path, limit: Limits.headsBytes),
            as: UTF8.self
        )
        var heads: [ChainHead] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        for (index, line) in lines.enumerated() {
            if let head = ChainHead(String(line)) {
                heads.append(head)
            } else if index < lines.count - 1 || text.hasSuffix("\n") {
                throw CommandFailure.refused("line \(index + 1) of \(path) is no head N:HASH")
            }
        }
        return heads
    }

    /// Appends the head each minute until it is cancelled; a disk that does not take it is told of
    /// once, and tried again.
    func keep(_ store: any Store, tell: @Sendable (String) -> Void) async {
        var isTold = false
        while !Task.isCancelled {
            do {
                try await SystemClock().sleep(for: Limits.headInterval)
                try append(try await store.head())
                isTold = false
            } catch is CancellationError {
                return
            } catch {
                if !isTold {
                    tell(
                        "the log's head is not written beside the store: "
                            + CommandFailure(error).message
                    )
                }
                isTold = true
            }
        }
    }
}
