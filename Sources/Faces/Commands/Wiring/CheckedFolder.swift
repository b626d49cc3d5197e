internal import Autonomy
internal import Documents
internal import Flows
internal import Platform
internal import Values

/// What a workspace's files come to: the workspace and its flows, or why there are none.
struct CheckedFolder: Sendable {
    /// Nothing when there is an error, in a flow too.
    private(set) var workspace: Workspace?
    /// By their names.
    private(set) var flows: [String: Flow]
    /// Errors and warnings, those of flows last.
    private(set) var diagnostics: [Diagnostic]

    init(compiling files: WorkspaceFiles) {
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: Process.environment,
            zones: System.zone
        )
        workspace = check.workspace
        flows = [:]
        diagnostics = check.diagnostics
        guard let workspace = check.workspace else { return }
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: System.zone
        )
        flows = set.flows
        diagnostics += set.diagnostics
        if set.hasErrors { self.workspace = nil }
    }

    /// Adds errors found elsewhere, if there are any.
    mutating func refuse(_ problems: [Diagnostic]) {
        guard !problems.isEmpty else { return }
        workspace = nil
        flows = [:]
        diagnostics += problems
    }
}
