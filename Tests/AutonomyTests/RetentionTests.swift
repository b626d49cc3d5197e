import Autonomy
import Testing
import Values

/// How long what has ended is kept, as `stepgate.yaml` says.
struct RetentionTests {
    private func check(_ retention: String) -> WorkspaceCheck {
        Fixture.check(
            policy: Fixture.policy(.supervised),
            stepgate: Fixture.stepgate + "\nretention: \(retention)\n"
        )
    }

    private func problem(_ retention: String) throws -> Diagnostic {
        let check = check(retention)
        #expect(check.workspace == nil)
        return try #require(check.diagnostics.first)
    }

    @Test func `each state has its age, and none is kept for ever`() throws {
        let some = check("{runs: {completed: 90d, cancelled: 36h}}").workspace?.retention
        #expect(some?.runs.completed == .seconds(90 * 86_400))
        #expect(some?.runs.cancelled == .seconds(36 * 3_600))
        #expect(some?.runs.failed == nil)
        let none = Fixture.check(policy: Fixture.policy(.supervised)).workspace?.retention
        #expect(none == Retention())
        #expect(check("{}").workspace?.retention == Retention())
        #expect(check("{runs: {failed: 1h}}").workspace?.retention.runs.failed == .seconds(3_600))
        #expect(check("{runs: {failed: 3650d}}").workspace != nil)
    }

    @Test(arguments: [
        ("{runs: {complete: 1d}}", "'runs' has no key 'complete'", "write 'completed'"),
        ("{runs: {running: 1d}}", "'runs' has no key 'running'", nil),
        ("{flows: {}}", "'retention' has no key 'flows'", nil),
        ("{runs: {failed: 1y}}", "'failed' needs a time such as", nil),
        ("{runs: {failed: 59m}}", "'failed' is from 1h to 3650d; got 59m", "write '1h'"),
        (
            "{runs: {failed: 3651d}}", "'failed' is from 1h to 3650d; got 3651d",
            "leave it out, and they are kept for ever"
        ),
        ("[1]", "'retention' needs names and values", nil),
    ])
    func `what does not fit is told with its fix`(
        retention: String,
        message: String,
        fix: String?
    ) throws {
        let problem = try problem(retention)
        #expect(problem.message.hasPrefix(message), "\(problem.message)")
        if let fix { #expect(problem.fix == fix) }
    }
}
