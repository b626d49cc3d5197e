internal import Glibc

/// Files and folders by path.
package enum Folder {
    /// The names of everything in a folder but hidden files, sorted.
    package static func names(in path: String) throws(FileError) -> [String] {
        guard let stream = unsafe opendir(path) else {
            throw FileError(errno, path: path, doing: "list")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { bytes in
                    unsafe String(cString: bytes)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether there is a file or folder of that name.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// What changes when a file is written; nothing where there is none.
    package static func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileStamp(
            seconds: Int64(status.st_mtim.tv_sec),
            nanoseconds: Int64(status.st_mtim.tv_nsec),
            bytes: Int64(status.st_size),
            node: UInt64(status.st_ino)
        )
    }

    /// Whether there is a folder of that name.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path with every link and `..` followed; nothing where there is no such file or folder.
    package static func real(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Makes a folder and those above it; one that is there already is fine.
    package static func make(_ path: String) throws(FileError) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            partial += component + "/"
            if unsafe mkdir(partial, 0o755) != 0, errno != EEXIST {
                throw FileError(errno, path: partial, doing: "make the folder")
            }
        }
        guard path.isEmpty || isFolder(path) else {
            throw FileError(.exists, path: path, message: "\(path) is a file, not a folder")
        }
    }

    /// Puts a finished file in another's place, at once or not at all.
    package static func rename(_ path: String, to other: String) throws(FileError) {
        if unsafe Glibc.rename(path, other) != 0 {
            throw FileError(errno, path: path, doing: "rename")
        }
    }

    /// Removes a file; one that is not there is fine.
    package static func remove(_ path: String) throws(FileError) {
        if unsafe unlink(path) != 0, errno != ENOENT {
            throw FileError(errno, path: path, doing: "remove")
        }
    }

    /// The whole of a file, refusing more than the limit.
    package static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        try File(path, for: .reading).readAll(limit: limit)
    }
}

/// What a file's state is known by without reading it.
package struct FileStamp: Equatable, Sendable {
    let seconds: Int64
    let nanoseconds: Int64
    let bytes: Int64
    let node: UInt64
}
