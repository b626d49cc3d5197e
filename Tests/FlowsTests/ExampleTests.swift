import Autonomy
import Documents
import Flows
import Foundation
import Reviews
import Testing
import Values

/// The example flows of this repository, which `init` writes too.
struct ExampleTests {
    private let files: WorkspaceFiles
    private let set: FlowSet

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
            .standardized
        var files: [String: [UInt8]] = [:]
        for path in ["stepgate.yaml", "Lists/vip.csv", "Prompts/message-triage.prompt"] {
            files[path] = [UInt8](try Data(contentsOf: root.appending(path: path)))
        }
        for folder in ["Policies", "Flows"] {
            let names = try FileManager.default.contentsOfDirectory(
                atPath: root.appending(path: folder).path
            )
            for name in names where name.hasSuffix(".yaml") {
                let path = "\(folder)/\(name)"
                files[path] = [UInt8](try Data(contentsOf: root.appending(path: path)))
            }
        }
        self.files = WorkspaceFiles(files)
        let check = Workspace.compile(
            files: self.files,
            reader: YAMLReader(),
            environment: [:],
            zones: Fixture.zone
        )
        set = FlowSet.compile(
            files: self.files,
            workspace: try #require(check.workspace),
            reader: YAMLReader(),
            zones: Fixture.zone
        )
    }

    @Test func `they check without a word`() {
        #expect(set.diagnostics.map(\.rendered) == [])
        #expect(set.flows.keys.sorted() == ["onboarding", "refund", "support-triage"])
    }

    @Test func `onboarding has five steps, each of which reads one before it`() throws {
        let flow = try #require(set.flows["onboarding"])
        #expect(flow.body == [0, 1, 2, 3, 4])
        #expect(flow.steps[1].onFailure == .pause)
        for number in 1...4 {
            guard case .external(_, let with, _) = flow.steps[number].work else {
                throw Unexpected()
            }
            #expect(!with.reads.isEmpty)
        }
    }

    @Test func `a large refund needs two approvals`() throws {
        let flow = try #require(set.flows["refund"])
        let approve = flow.steps[try #require(flow.number(of: "approve"))]
        guard case .review(let review) = approve.work else { throw Unexpected() }
        #expect(review.terms.approvals == 2)
    }
}
