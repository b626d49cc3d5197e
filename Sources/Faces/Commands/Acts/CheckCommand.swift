internal import Autonomy
internal import Documents
internal import Platform
internal import Values

/// `stepgate check`.
enum CheckCommand {
    static let specification = CommandSpecification(
        "check",
        "Checks the workspace and names its release; nothing is decided with one that fails.",
        examples: ["stepgate check", "stepgate check --workspace shop --json"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let files = try WorkspaceFolder.read(Location(call).folder)
        let check = WorkspaceFolder.check(files)
        let errors = check.diagnostics.count { $0.severity == .error }
        if call.wantsJSON {
            Terminal.standard.print(
                [
                    "ok": .bool(check.workspace != nil),
                    "release": (check.workspace?.release.digest.hex).map(JSON.string) ?? .null,
                    "policies": .array(
                        (check.workspace?.policies.keys.sorted() ?? []).map(JSON.string)
                    ),
                    "flows": .array(check.flows.keys.sorted().map(JSON.string)),
                    "diagnostics": .array(check.diagnostics.map(\.json)),
                ]
            )
            return check.workspace == nil ? .refused : .success
        }
        for diagnostic in check.diagnostics {
            Terminal.standard.print(diagnostic.rendered + "\n")
        }
        guard let workspace = check.workspace else {
            Terminal.standard.print(
                "\(errors) error\(errors == 1 ? "" : "s"): nothing is decided with this"
            )
            return .refused
        }
        Terminal.standard.print(
            "ok: \(workspace.policies.count) policies, \(workspace.models.count) models, "
                + "\(check.flows.count) flows, release \(workspace.release.digest.hex)"
        )
        return .success
    }
}

extension Diagnostic {
    /// As commands print it for programs.
    var json: JSON {
        [
            "severity": .string(severity.rawValue), "file": .string(file),
            "line": .int(Int64(position.line)), "column": .int(Int64(position.column)),
            "message": .string(message), "fix": fix.map(JSON.string) ?? .null,
            "excerpt": .string(excerpt),
        ]
    }
}
