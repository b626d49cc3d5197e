import Autonomy
import Documents
import Flows
import Testing
import Values

/// Several flows together.
struct FlowSetTests {
    private func errors(_ flows: [String: String]) throws -> [String] {
        try Fixture.compile(flows).diagnostics.map {
            "\($0.file):\($0.position.line):\($0.position.column) \($0.message)"
        }
    }

    @Test func `a sub-flow is given what it takes, and what it gives is typed`() throws {
        let set = try Fixture.compile([
            "outer": """
            flow: outer
            input: {id: string}
            steps:
              - {id: sub, flow: inner, with: {n: 2}}
              - {id: use, set: {twice: "${{ steps.sub.output.sum * 2 }}"}}
            """,
            "inner": """
            flow: inner
            input: {n: integer}
            output: {sum: "${{ input.n + 1 }}"}
            steps: [{id: a, sleep: 1s}]
            """,
        ])
        #expect(set.diagnostics.map(\.rendered) == [])
        #expect(set.flows.keys.sorted() == ["inner", "outer"])
    }

    @Test func `what does not fit a sub-flow is told`() throws {
        let inner = """
            flow: inner
            input: {n: integer}
            output: {sum: "${{ input.n + 1 }}"}
            steps: [{id: a, sleep: 1s}]
            """
        let outer = """
            flow: outer
            steps:
              - {id: sub, flow: inner, with: {n: two}}
              - {id: use, set: {x: "${{ steps.sub.output.sun }}"}}
            """
        #expect(
            try errors(["inner": inner, "outer": outer]) == [
                "Flows/outer.yaml:3:38 this does not fit the input of the flow 'inner': /n: "
                    + "expected integer; got a string",
                "Flows/outer.yaml:4:29 'steps.sub.output' has no field 'sun'; it has sum",
            ]
        )
    }

    @Test func `a loop of sub-flows is named`() throws {
        func flow(_ name: String, _ next: String) -> String {
            "flow: \(name)\nsteps: [{id: a, flow: \(next)}]"
        }
        let all = ["a": flow("a", "b"), "b": flow("b", "c"), "c": flow("c", "a")]
        #expect(
            try errors(all) == [
                "Flows/c.yaml:2:23 these flows start each other without end: a -> b -> c -> a"
            ]
        )
    }

    @Test func `a loop hides in blocks and in undo too`() throws {
        let a = """
            flow: a
            steps:
              - each: {in: "[1]", do: [{switch: [{else: [{id: x, flow: b}]}]}]}
            """
        let b = "flow: b\nsteps: [{id: x, set: {y: 1}, undo: {flow: a}}]"
        #expect(
            try errors(["a": a, "b": b]) == [
                "Flows/b.yaml:2:43 these flows start each other without end: a -> b -> a"
            ]
        )
    }

    @Test func `a broken sub-flow is one error, not many`() throws {
        let inner = "flow: inner\noutput: {x: 1}\nsteps: [{id: a, slep: 1s}]"
        let outer = """
            flow: outer
            steps:
              - {id: sub, flow: inner, with: {n: 2}}
              - {id: use, set: {x: "${{ steps.sub.output.anything }}"}}
            """
        let found = try errors(["inner": inner, "outer": outer])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("Flows/inner.yaml:3:17") == true)
    }

    @Test func `two files of one name are one too many`() throws {
        let flow = "flow: a\nsteps: [{id: x, sleep: 1s}]"
        #expect(
            try errors(["a": flow, "more/a": flow]) == [
                "Flows/more/a.yaml:1:1 the flow 'a' is in Flows/a.yaml already"
            ]
        )
    }

    @Test func `a flow is named as its file`() throws {
        #expect(
            try errors(["b": "flow: a\nsteps: [{id: x, sleep: 1s}]"]) == [
                "Flows/b.yaml:1:7 the flow 'a' stands in a file named 'b'"
            ]
        )
    }

    @Test func `what is no YAML is told with its place`() throws {
        let found = try Fixture.compile(["a": "flow: a\nsteps: [{id: x"])
        #expect(found.hasErrors)
        #expect(found.diagnostics.allSatisfy { $0.file == "Flows/a.yaml" })
    }

    @Test func `a file that is no text is told once`() throws {
        let (files, workspace) = try Fixture.workspace([:])
        let broken = WorkspaceFiles(
            files.files.merging(["Flows/a.yaml": Array("flow: a".utf8) + [0xFF]]) { $1 }
        )
        let check = Workspace.compile(
            files: broken,
            reader: YAMLReader(),
            environment: [:],
            zones: Fixture.zone
        )
        #expect(check.diagnostics.map(\.message) == ["the byte 0xff is not UTF-8"])
        let set = FlowSet.compile(
            files: broken,
            workspace: workspace,
            reader: YAMLReader(),
            zones: Fixture.zone
        )
        #expect(set.diagnostics.isEmpty)
    }

    @Test func `one broken flow leaves none`() throws {
        let set = try Fixture.compile([
            "good": "flow: good\nsteps: [{id: x, sleep: 1s}]", "bad": "flow: bad\nsteps: []",
        ])
        #expect(set.flows.isEmpty)
    }

    @Test func `a release holds the flows' files`() throws {
        let text = "flow: a\nsteps: [{id: x, sleep: 1s}]"
        let (_, workspace) = try Fixture.workspace(["a": text])
        #expect(workspace.release.manifest["Flows/a.yaml"] == Digest(of: Array(text.utf8)))
        let set = try Fixture.compile(["a": text])
        #expect(set.flows["a"]?.digest == Digest(of: Array(text.utf8)))
    }
}
