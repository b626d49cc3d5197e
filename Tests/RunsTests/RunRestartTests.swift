import Runs
import Testing
import Values

/// What is done again, and what stands, when a run is restarted from one of its steps.
struct RunRestartTests {
    private static let fallback = """
          - id: one
            work: {kind: a}
            on_failure: {do: [{id: instead, work: {kind: b}}]}
            undo: {set: {message: undone}}
          - {id: two, work: {kind: a}, on_failure: abort}
        """

    @Test func `what is done only when a step fails cannot be restarted where it did not`() throws {
        let run = try RunFixture(Self.fallback)
        let instead = try run.number("instead")
        #expect(throws: RunRefusal.self) { try run.act(.restart(from: instead)) }
        try run.succeed("one")
        let error = #expect(throws: RunRefusal.self) { try run.act(.restart(from: instead)) }
        guard case .state(_, let why)? = error else {
            Issue.record("it is refused for another reason: \(String(describing: error))")
            return
        }
        #expect(why.contains("is done only when step one fails, which it did not"))
        #expect(try run.end("one") == .succeeded)
        #expect(try run.active("two").state == .ready)
    }

    @Test func `what was done since a step had failed is done again, and the failure stands`()
        throws
    {
        let run = try RunFixture(Self.fallback)
        try run.fail("one")
        try run.succeed("instead")
        try run.act(.restart(from: run.number("instead")))
        #expect(try run.end("one") == .failed)
        #expect(try run.active("instead").state == .ready)
        try run.succeed("instead")
        // What failed is not undone.
        try run.fail("two")
        #expect(run.run.state == .failed)
        #expect(run.run.fields["message"] == "hello")
    }

    @Test func `a step that holds others is tried again, and what was done since it failed, too`()
        throws
    {
        let run = try RunFixture(
            """
              - {id: first, work: {kind: a, output: {n: integer}}}
              - id: either
                switch:
                  - {when: "steps.first.output.n > 1", do: [{id: small, work: {kind: a}}]}
                  - {else: [{id: other, work: {kind: a}}]}
                on_failure: {do: [{id: instead, work: {kind: b}}]}
              - {id: two, work: {kind: a}}
            """
        )
        try run.act(.skip(step: run.number("first"), output: nil))
        try run.succeed("instead")
        #expect(try run.active("two").state == .ready)
        try run.act(.restart(from: run.number("small")))
        #expect(try run.active("instead").state == .ready)
        #expect(run.run.active.count == 1)
    }
}
