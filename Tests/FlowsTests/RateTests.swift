import Access
import Flows
import Testing
import Values

/// How often flows and steps begin, as their files say.
struct RateTests {
    private func problem(_ rest: String) throws -> Diagnostic {
        try #require(try Fixture.check(rest).diagnostics.first { $0.severity == .error })
    }

    @Test func `a flow and a step that somebody is asked for have a rate`() throws {
        let set = try Fixture.check(
            """
            rate: 600/m:20
            steps:
              - {id: a, work: {kind: k}, rate: 10/s}
              - {id: b, http: {url: "https://x.example"}, rate: 1000/h}
              - {id: c, review: {queue: q}, rate: "1/s:3"}
              - {id: d, set: {x: 1}}
            """
        )
        let flow = try #require(set.flows["test"], "\(set.diagnostics.map(\.rendered))")
        #expect(flow.rate == Rate(600, per: .minute, burst: 20))
        let rates = flow.steps.map { $0.rate?.text }
        #expect(rates == ["10/s", "1000/h", "1/s:3", nil])
        #expect(flow.json["rate"] == "600/m:20")
        #expect(flow.json["steps"]?.array?.first?["rate"] == "10/s")
        #expect(flow.json["steps"]?.array?.last?["rate"] == .null)
    }

    @Test(arguments: ["10", "ten/s", "0/s", "10/d", "1000001/s", "10/s:0", "{limit: 10}", "[1]"])
    func `what is no rate is told with its fix`(written: String) throws {
        for text in [
            "rate: \(written)\nsteps: [{id: a, work: {kind: k}}]",
            "steps: [{id: a, work: {kind: k}, rate: \(written)}]",
        ] {
            let problem = try problem(text)
            #expect(problem.message.hasPrefix("'rate' needs a number a second, minute or hour"))
            #expect(problem.fix == "write '10/s'")
        }
    }

    @Test func `a step that asks nobody has no rate`() throws {
        for work in ["set: {x: 1}", "sleep: 1s", "wait: {callback: {}}"] {
            let problem = try problem("steps: [{id: a, \(work), rate: 1/s}]")
            #expect(
                problem.message.hasPrefix("'rate' goes with decide, review, http and work, not")
            )
        }
        let block = try problem(
            "steps: [{id: a, parallel: {x: [{id: b, set: {x: 1}}]}, rate: 1/s}]"
        )
        #expect(block.fix == "say it of the steps inside")
    }
}
