import Autonomy
import Documents
import Flows
import Testing
import Values

/// A workspace with two policies, and flows of a few lines, compiled.
enum Fixture {
    static let stepgate = """
        models: {}
        lists: {vip: vip.csv}
        vars: {payments: "https://pay.example"}
        """

    static let triage = """
        policy: triage
        autonomy: manual
        input:
          message: string
          amount?: number
          tier(enum): [new, gold]
        output:
          action(enum): [refund, reject]
          reason?: string
        """

    static func workspace(_ flows: [String: String]) throws -> (WorkspaceFiles, Workspace) {
        var files = [
            "stepgate.yaml": Array(stepgate.utf8),
            "vip.csv": Array("customer\nC-1\n".utf8),
            "Policies/triage.yaml": Array(triage.utf8),
        ]
        for (name, text) in flows { files["Flows/\(name).yaml"] = Array(text.utf8) }
        let all = WorkspaceFiles(files)
        let check = Workspace.compile(
            files: all,
            reader: YAMLReader(),
            environment: [:],
            zones: zone
        )
        return (all, try #require(check.workspace))
    }

    @Sendable static func zone(_ name: String) -> TimeZoneRules? { name == "UTC" ? .utc : nil }

    static func compile(_ flows: [String: String]) throws -> FlowSet {
        let (files, workspace) = try workspace(flows)
        return FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: zone
        )
    }

    /// A flow whose file is the whole text after `flow: test`.
    static func check(_ rest: String) throws -> FlowSet {
        try compile(["test": "flow: test\n" + rest])
    }

    /// The one flow, which must have nothing to complain about.
    static func flow(_ rest: String) throws -> Flow {
        let set = try check(rest)
        #expect(set.diagnostics.map(\.rendered) == [])
        return try #require(set.flows["test"])
    }

    /// A flow with that input and those steps.
    static func steps(_ steps: String) -> String {
        "input: {message: string, amount?: number, tier(enum): [new, gold], tags(array): string}\n"
            + "steps:\n" + steps
    }
}
