import Autonomy
import Documents
import Flows
import Testing
import Values

@testable import Commands

struct FlowPageTests {
    private static let text = """
        flow: test
        title: Everything in a few steps
        stages: [one, two]
        input: {id: string, lines(array): string}
        concurrency: {key: input.id, limit: 2, then: refuse}
        on: [{event: {type: com.example.made}}]
        steps:
          - id: call
            stage: two
            when: |
              input.id
                != 'none'
            http: {method: POST, url: "https://x", body: {a: 1}}
            retry: {attempts: 3, backoff: 500ms..90s, on: [timeout, 5xx]}
            timeout: 90s
            on_failure: {do: [{id: told, set: {failed: true}}]}
            undo: {set: {failed: true}}
          - parallel:
              left:
                - {id: nap, sleep: 36h}
              right:
                - each: {in: input.lines, as: line, limit: 3, do: [{id: ask, review: {queue: q}}]}
          - switch:
              - {when: input.id == 'a', do: [{id: a, wait: {callback: {}}, deadline: 2d}]}
              - else: [{id: b, work: {kind: pack}, on_failure: abort}]
        """

    private let page: FlowPage

    init() throws {
        let files = WorkspaceFiles([
            "stepgate.yaml": Array("models: {}".utf8), "Flows/test.yaml": Array(Self.text.utf8),
        ])
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        let set = FlowSet.compile(
            files: files,
            workspace: try #require(check.workspace),
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        #expect(set.diagnostics.map(\.rendered) == [])
        page = FlowPage(try #require(set.flows["test"]))
    }

    @Test func `a flow is shown as a tree`() {
        let expected = """
            flow test
              title      Everything in a few steps
              stages     one > two
              starts by  event com.example.made
              at once    2 for each input.id, then refuse

            steps
              call  http POST  [two]
                  when input.id != 'none'
                  3 attempts, 500ms..90s apart, on timeout, 5xx
                  an attempt takes at most 90s
                  undone by set failed
                  if it fails, do
                    told  set failed
              parallel
                  left
                    nap  sleep 36h
                  right
                    each line in input.lines
                        do, 3 at once
                          ask  review q
              switch
                  when input.id == 'a'
                    a  wait for a callback
                        waits at most 2d
                  else
                    b  work pack
                        if it fails, abort
            """
        #expect(page.lines(width: 120).joined(separator: "\n") == expected)
    }

    @Test func `it fits a narrow terminal`() {
        #expect(page.lines(width: 30).allSatisfy { $0.unicodeScalars.count <= 30 })
        let table = FlowCommand.table([page.flow])
        #expect(table.lines(width: 60).allSatisfy { $0.unicodeScalars.count <= 60 })
    }

    @Test func `programs get the same`() {
        let json = page.flow.json
        #expect(json["concurrency"]?["key"] == "input.id")
        #expect(json["steps"]?.array?.count == 3)
        let call = json["steps"]?.array?.first
        #expect(call?["family"] == "http")
        #expect(call?["on_failure"] == "do")
        #expect(call?["inner"]?.array?.first?["steps"]?.array?.first?["id"] == "told")
    }
}
