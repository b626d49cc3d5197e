internal import Glibc
internal import Storage

/// The lock that one engine holds on a store; the system frees it when the process ends, however.
final class StoreLock: Sendable {
    private let descriptor: Int32

    init(_ storePath: String) throws(StoreError) {
        let path = storePath + ".lock"
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw StoreError(
                .cannotOpen,
                "cannot make \(path): \(unsafe String(cString: strerror(errno)))"
            )
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            var owner = [UInt8](repeating: 0, count: 32)
            let count = unsafe read(opened, &owner, 32)
            close(opened)
            let pid = String(decoding: owner.prefix(max(0, count)), as: UTF8.self)
            let process = pid.isEmpty ? "another process" : "process \(pid)"
            throw StoreError(
                .locked,
                "\(storePath) is in use by \(process): one 'decide' or 'serve' works on a store at a "
                    + "time; wait for it, or name another --store"
            )
        }
        ftruncate(opened, 0)
        let pid = Array("\(getpid())".utf8)
        _ = unsafe write(opened, pid, pid.count)
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// The bytes that may still be written to the disk a file is on; nothing where that is unknown.
    static func freeBytes(_ path: String) -> Int64? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    /// Makes the store's file, readable by its owner only, before SQLite would for everybody.
    ///
    /// Its logs get the same mode. A file that is there is left as it is.
    static func makeFile(_ storePath: String) throws(StoreError) {
        let opened = unsafe open(storePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw StoreError(
                .cannotOpen,
                "cannot open \(storePath): \(unsafe String(cString: strerror(errno)))"
            )
        }
        close(opened)
    }
}
