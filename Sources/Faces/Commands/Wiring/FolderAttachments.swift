internal import Models
internal import Platform
internal import Values

/// Files below a workspace's folder, which inputs may refer to and nothing else may.
struct FolderAttachments: AttachmentSource {
    /// The workspace's folder.
    let base: String

    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        let missing = AttachmentError("there is no file '\(name)' in \(folder)")
        guard !name.isEmpty, !name.utf8.contains(0), let root = Folder.real(base + "/" + folder),
            let path = Folder.real(root + "/" + name)
        else { throw missing }
        // A link or '..' may lead out; what is outside is not there.
        guard path.hasPrefix(root + "/"), !Folder.isFolder(path) else { throw missing }
        do {
            return try Folder.read(path, limit: limit)
        } catch {
            throw AttachmentError("'\(name)': \(error.message)")
        }
    }
}
