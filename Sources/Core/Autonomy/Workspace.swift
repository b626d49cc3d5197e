package import Expressions
package import Values

/// The files of a workspace by their paths in it.
package struct WorkspaceFiles: Sendable, Equatable {
    package let files: [String: [UInt8]]

    package init(_ files: [String: [UInt8]]) { self.files = files }

    /// The files of flows, in order.
    package var flowPaths: [String] { paths(in: "Flows", ending: ".yaml") }

    func paths(in folder: String, ending: String) -> [String] {
        files.keys.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(ending) }.sorted()
    }
}

/// A workspace compiled: everything in it is checked.
package struct Workspace: Sendable {
    package let policies: [String: Policy]
    package let models: [String: ModelDefinition]
    /// The folder whose files inputs may refer to, below the workspace's own; nothing for none.
    package let attachments: String?
    /// How long what has ended is kept.
    package let retention: Retention
    /// What every expression may use.
    package let constants: Constants
    package let release: Release

    /// `lists` and `vars`, with their declared types.
    package struct Constants: Sendable {
        package let lists: JSON
        package let vars: JSON
        package let listsType: ExpressionType
        package let varsType: ExpressionType
    }

    /// What to say of a policy that does not exist.
    package func unknownPolicy(_ name: String) -> String {
        let names = policies.keys.sorted()
        if let near = nearest(name, in: names) {
            return "there is no policy '\(name)'; did you mean '\(near)'?"
        }
        return names.isEmpty
            ? "there is no policy '\(name)'; the workspace has none in Policies/"
            : "there is no policy '\(name)'; there are \(names.joined(separator: ", "))"
    }
}

/// The immutable name of a workspace's state: the digest of all files that it refers to.
package struct Release: Sendable, Equatable {
    /// SHA-256 of the canonical manifest: an object of paths and the SHA-256 of their bytes.
    package let digest: Digest
    package let manifest: [String: Digest]
    /// Exactly the files of the manifest.
    package let files: [String: [UInt8]]

    package init(files: [String: [UInt8]]) {
        self.files = files
        let manifest = files.mapValues { Digest(of: $0) }
        let members = manifest.keys.sorted().map { path in
            JSONObject.Member(path, .string(manifest[path]?.hex ?? ""))
        }
        self.manifest = manifest
        digest = Digest(of: JSON.object(JSONObject(uniqueMembers: members)).canonicalBytes)
    }
}

/// Where a secret comes from; its value is read when it is used, and is in no release.
package enum SecretReference: Sendable, Equatable {
    case environment(String)
    case file(String)
}

/// What reading a workspace came to.
package struct WorkspaceCheck: Sendable {
    /// Nothing when there is an error.
    package let workspace: Workspace?
    /// Errors and warnings, ordered by file and place.
    package let diagnostics: [Diagnostic]

    package init(workspace: Workspace?, diagnostics: [Diagnostic]) {
        self.workspace = workspace
        self.diagnostics = diagnostics
    }
}
