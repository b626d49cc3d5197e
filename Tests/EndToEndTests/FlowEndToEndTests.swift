import Foundation
import Testing
import Values

/// Flows as a person meets them on the command line.
struct FlowEndToEndTests {
    private let program: Program

    init() throws {
        program = try Program()
        #expect(try program.run("init", ".").code == 0)
    }

    @Test(.timeLimit(.minutes(1))) func `the starter's flows check, are listed and shown`() throws {
        let check = try program.json("check")
        #expect(check["flows"] == ["onboarding", "refund", "support-triage"])
        #expect(check["diagnostics"] == [])
        let list = try program.run("flow", "list")
        #expect(list.code == 0)
        #expect(list.output.contains("A colleague's first day"))
        let show = try program.run("flow", "show", "refund")
        #expect(show.code == 0)
        #expect(show.output.contains("approve  review finance, 2 approvals  [approval]"))
        let unknown = try program.run("flow", "show", "refnd")
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("did you mean 'refund'?"))
    }

    @Test(.timeLimit(.minutes(1))) func `a broken flow is no release`() throws {
        let yaml = try program.read("Flows/onboarding.yaml")
        try program.write(
            "Flows/onboarding.yaml",
            yaml.replacingOccurrences(
                of: "{address: \"${{ steps.mailbox",
                with: "{address: \"${{ steps.desk"
            )
        )
        let check = try program.run("check")
        #expect(check.code == 1)
        #expect(check.output.contains("the step 'desk' comes later"))
        for ended in [
            try program.run("release"), try program.run("promote", "draft"),
            try program.run("flow", "list"),
        ] {
            #expect(ended.code == 1)
            #expect(ended.errors.contains("the step 'desk' comes later"))
        }
    }
}
