internal import Glibc

/// An open file; the descriptor is closed with its owner.
///
/// Calls block, so only commands that do nothing else meanwhile use one directly.
package final class File: Sendable {
    package enum Purpose: Sendable {
        case reading
        /// Made when missing, readable by its owner only; existing bytes stay.
        case updating
        /// Must not exist yet.
        case creating
    }

    package let path: String
    private let descriptor: Int32

    package init(_ path: String, for purpose: Purpose) throws(FileError) {
        self.path = path
        let flags: Int32 =
            switch purpose {
            case .reading: O_RDONLY
            case .updating: O_RDWR | O_CREAT
            case .creating: O_RDWR | O_CREAT | O_EXCL
            }
        descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(errno, path: path, doing: "open") }
    }

    /// The process's standard input.
    package static let standardInput = File(descriptor: 0, path: "standard input")

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    /// The next bytes, at most so many; none at the end.
    package func read(upTo count: Int) throws(FileError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            while got < 0, errno == EINTR {
                got = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            }
            if got < 0 { failure = errno }
            filled = max(0, got)
        }
        if failure != 0 { throw FileError(failure, path: path, doing: "read") }
        return bytes
    }

    /// All bytes from here to the end, refusing more than the limit.
    package func readAll(limit: Int) throws(FileError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try read(upTo: 1 << 16)
            if bytes.isEmpty { return all }
            all += bytes
            if all.count > limit {
                throw FileError(
                    .other,
                    path: path,
                    message: "\(path) is larger than \(limit) bytes"
                )
            }
        }
    }

    /// Writes all the bytes where the file stands.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(errno, path: path, doing: "write")
            }
            written += count
        }
    }

    /// The file's length in bytes; it then stands at its end.
    package func size() throws(FileError) -> Int {
        let size = lseek(descriptor, 0, SEEK_END)
        if size < 0 { throw FileError(errno, path: path, doing: "measure") }
        return size
    }

    /// Whether somebody beside its owner may read it, its group or everyone.
    package func isReadableByOthers() throws(FileError) -> Bool {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            throw FileError(errno, path: path, doing: "examine")
        }
        return facts.st_mode & (S_IRGRP | S_IROTH) != 0
    }

    /// Goes to an offset from the start.
    package func seek(to offset: Int) throws(FileError) {
        if lseek(descriptor, offset, SEEK_SET) < 0 {
            throw FileError(errno, path: path, doing: "seek in")
        }
    }

    /// Cuts everything from that offset on, and stands there.
    package func truncate(to offset: Int) throws(FileError) {
        if ftruncate(descriptor, offset) != 0 {
            throw FileError(errno, path: path, doing: "cut")
        }
        try seek(to: offset)
    }

    /// Returns once what was written would survive a power cut.
    package func synchronize() throws(FileError) {
        if fsync(descriptor) != 0, errno != EINVAL {
            throw FileError(errno, path: path, doing: "write")
        }
    }
}

extension FileError {
    init(_ number: Int32, path: String, doing: String) {
        let code: Code =
            switch number {
            case ENOENT: .missing
            case EACCES, EPERM, EROFS: .notPermitted
            case EISDIR: .isFolder
            case EEXIST: .exists
            case ENOSPC, EDQUOT: .full
            default: .other
            }
        let reason = unsafe String(cString: strerror(number))
        self.init(code, path: path, message: "cannot \(doing) \(path): \(reason)")
    }
}
