internal import Platform
internal import Values

/// The file `decide` reads: known by the digest of its bytes, so that a second run of the same
/// file is the same job.
final class InputSource: Sendable {
    let file: File
    let format: InputFormat
    /// What a person calls it.
    let name: String
    let size: Int
    private let digest: Digest
    /// A copy of standard input, removed at the end.
    private let copy: String?

    init(_ path: String, call: Invocation, folder: String) throws {
        let format = try call["--format"].map { word throws(CommandFailure) in
            guard let format = InputFormat(rawValue: word) else {
                throw .usage("--format is jsonl or csv; got '\(word)'")
            }
            return format
        }
        self.format = format ?? InputFormat(path: path)
        if path == "-" {
            try Folder.make(folder)
            let copy = folder + "/input-\(Process.randomBytes(8).hex)"
            let target = try File(copy, for: .creating)
            digest = try Self.digest(of: .standardInput, copyingTo: target)
            try target.seek(to: 0)
            file = target
            self.copy = copy
            name = "standard input"
        } else {
            if Folder.isFolder(path) {
                throw CommandFailure.usage("--input needs a file; \(path) is a folder")
            }
            let opened = try File(path, for: .reading)
            digest = try Self.digest(of: opened, copyingTo: nil)
            try opened.seek(to: 0)
            file = opened
            copy = nil
            name = path
        }
        size = try file.size()
        try file.seek(to: 0)
    }

    /// Which keys may collide: lines of this very file, or with `--key` all lines of the policy.
    func scope(policy: String, hasKey: Bool) -> String {
        hasKey ? "key \(policy)" : "file \(digest.hex) \(policy)"
    }

    func discard() throws {
        if let copy { try Folder.remove(copy) }
    }

    private static func digest(of file: File, copyingTo copy: File?) throws -> Digest {
        var stream = DigestStream()
        while true {
            let bytes = try file.read(upTo: 1 << 18)
            if bytes.isEmpty { return stream.finish() }
            stream.add(bytes)
            try copy?.write(bytes)
        }
    }
}
