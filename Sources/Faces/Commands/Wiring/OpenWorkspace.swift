internal import Autonomy
internal import Documents
internal import Engine
internal import Flows
internal import HTTPCurl
internal import Models
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// The workspace a command works in, compiled: nothing is decided with one that has an error.
struct OpenWorkspace: Sendable {
    let folder: String
    let storePath: String
    let workspace: Workspace
    /// By their names.
    let flows: [String: Flow]
    /// What the release is made of.
    let files: WorkspaceFiles
    let warnings: [Diagnostic]

    init(_ call: Invocation) throws {
        let location = Location(call)
        folder = location.folder
        storePath = location.storePath
        files = try WorkspaceFolder.read(folder)
        let check = WorkspaceFolder.check(files)
        guard let workspace = check.workspace else {
            throw CommandFailure.refused(Diagnostics(check.diagnostics).rendered)
        }
        self.workspace = workspace
        flows = check.flows
        warnings = check.diagnostics
    }

    var stateFolder: String { Location.folder(of: storePath) }

    func policy(_ name: String) throws(CommandFailure) -> Policy {
        guard let policy = workspace.policies[name] else {
            throw .refused(workspace.unknownPolicy(name))
        }
        return policy
    }
}

/// Where the workspace and its store are.
struct Location: Sendable {
    let folder: String
    let storePath: String

    init(_ call: Invocation) {
        folder = call["--workspace"] ?? "."
        storePath = call["--store"] ?? folder + "/.stepgate/store.db"
    }

    init(_ opened: OpenWorkspace) {
        folder = opened.folder
        storePath = opened.storePath
    }

    var stateFolder: String { Self.folder(of: storePath) }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Reads a workspace's files from its folder.
enum WorkspaceFolder {
    static func read(_ folder: String) throws -> WorkspaceFiles {
        guard Folder.exists(folder + "/stepgate.yaml") else {
            throw CommandFailure.refused(
                "there is no stepgate.yaml in \(folder), so it is no workspace; "
                    + "'stepgate init \(folder)' makes one, --workspace names another"
            )
        }
        var files: [String: [UInt8]] = [:]
        for path in try paths(folder) {
            files[path] = try Folder.read(folder + "/" + path, limit: Limits.fileBytes)
        }
        return WorkspaceFiles(files)
    }

    /// What tells whether the workspace changed, without reading its files.
    static func stamps(_ folder: String) throws -> [String: FileStamp] {
        var stamps: [String: FileStamp] = [:]
        for path in try paths(folder) { stamps[path] = Folder.stamp(folder + "/" + path) }
        return stamps
    }

    private static func paths(_ folder: String) throws -> [String] {
        var paths = ["stepgate.yaml"]
        for part in try Folder.names(in: folder) where Folder.isFolder(folder + "/" + part) {
            try addAll(part, in: folder, depth: 0, to: &paths)
        }
        return paths
    }

    /// Compiles the files, and asks the models' shapes whether they can give what is wanted.
    static func check(_ files: WorkspaceFiles) -> CheckedFolder {
        var check = CheckedFolder(compiling: files)
        if let problems = check.workspace?.modelProblems { check.refuse(problems) }
        return check
    }

    private static func addAll(
        _ path: String,
        in folder: String,
        depth: Int,
        to paths: inout [String]
    ) throws {
        guard depth < Limits.folderDepth else {
            throw CommandFailure.refused(
                "\(folder)/\(path) is more than \(Limits.folderDepth) folders deep: move it up, or "
                    + "out of the workspace"
            )
        }
        for name in try Folder.names(in: folder + "/" + path) {
            let inner = path + "/" + name
            if Folder.isFolder(folder + "/" + inner) {
                try addAll(inner, in: folder, depth: depth + 1, to: &paths)
            } else if isOurs(name) {
                guard paths.count < Limits.files else {
                    throw CommandFailure.refused(
                        "the workspace has more than \(Limits.files) files"
                    )
                }
                paths.append(inner)
            }
        }
    }

    /// What a workspace can refer to; everything else in its folder is not read.
    private static func isOurs(_ name: String) -> Bool {
        [".yaml", ".prompt", ".csv"].contains { name.hasSuffix($0) }
    }
}
