internal import Autonomy
internal import Documents
internal import Engine
internal import Flows
internal import Values

/// What the workspaces of the benchmarks of runs are made of.
struct RunFlows {
    /// By their paths.
    let files: [String: String]

    /// Those flows, by their names.
    init(_ flows: [String: String]) {
        var files = [
            "stepgate.yaml": "models: {}\n", "Policies/bench-steps.yaml": Self.policy,
        ]
        for (name, text) in flows { files["Flows/\(name).yaml"] = text }
        self.files = files
    }

    private static let policy = """
        policy: bench-steps
        autonomy: manual
        input: {message: string, amount: number}
        output: {action(enum): [refund, reject]}
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
          - {id: rest, decide: {action: reject}}

        """

    /// An input of the flows below and of the policy.
    static let input = #"{"message":"The parcel came late, what now?","amount":12}"#

    /// The kind of work that the steps of `work` are.
    static let kind = "bench-step"

    /// A flow whose steps rules decide, one after the other.
    static func rules(_ name: String, steps: Int) -> String {
        flow(name, (1...steps).map { "{id: s\($0), decide: bench-steps, with: input}" })
    }

    /// A flow whose steps external workers do, one after the other.
    static func work(_ name: String, steps: Int) -> String {
        flow(
            name,
            (1...steps).map { "{id: s\($0), work: {kind: \(kind), output: {done: boolean}}}" }
        )
    }

    private static func flow(_ name: String, _ steps: [String]) -> String {
        """
        flow: \(name)
        input: {message: string, amount: number}
        steps:
          - \(steps.joined(separator: "\n  - "))

        """
    }

    /// The release that the files are, as the program reads them.
    func compiled() throws -> LoadedRelease {
        let files = WorkspaceFiles(files.mapValues { Array($0.utf8) })
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        guard !set.hasErrors else { throw Diagnostics(set.diagnostics) }
        return LoadedRelease(
            workspace: workspace,
            flows: set.flows,
            clients: [:],
            attachments: NoAttachments()
        )
    }
}
