import Autonomy
import Expressions
import Flows
import Reviews
import Testing
import Values

/// What each key comes to.
struct ReadingTests {
    private let flow: Flow

    init() throws { flow = try Fixture.flow(WholeFlow.text) }

    private func step(_ id: String) throws -> FlowStep {
        flow.steps[try #require(flow.number(of: id))]
    }

    @Test func `the head`() throws {
        #expect(flow.name == "test")
        #expect(flow.title == "Refund request")
        #expect(flow.owner == "support-ops")
        #expect(flow.stages == ["received", "triage", "approval", "payout", "closed"])
        #expect(flow.input.allows(["message": "m", "amount": 1, "tier": "new", "lines": []]))
        #expect(!flow.input.allows(["message": "m"]))
        #expect(
            flow.fields == [
                FlowField(name: "amount", kind: .number, isFromInput: true),
                FlowField(name: "vendor", kind: .text, isFromInput: false),
                FlowField(name: "tier", kind: .choice(["new", "gold"]), isFromInput: true),
            ]
        )
        #expect(
            flow.triggers == [
                .webhook("refunds"), .schedule(cron: "0 9 * * 1-5", zone: "UTC"),
                .event(type: "com.example.refund.requested"),
            ]
        )
        let concurrency = try #require(flow.concurrency)
        #expect(concurrency.limit == 1)
        #expect(concurrency.then == .queue)
        #expect(concurrency.key.fragment.text == "input.message")
    }

    @Test func `a step comes before those inside it, and names what it stands in`() throws {
        for (number, step) in flow.steps.enumerated() {
            if let parent = step.parent { #expect(parent < number) }
        }
        #expect(flow.body == flow.steps.indices.filter { flow.steps[$0].parent == nil })
        let rows = try #require(flow.number(of: "rows"))
        #expect(try step("row").parent == rows)
        #expect(try step("told").parent == flow.number(of: "packed"))
    }

    @Test func `what every step says`() throws {
        let pay = try step("pay")
        #expect(pay.stage == "payout")
        #expect(pay.timeout == .seconds(20))
        #expect(pay.deadline == nil)
        #expect(pay.onFailure == .pause)
        #expect(
            pay.retry
                == Retry(
                    attempts: 5,
                    backoff: .seconds(1) ... .seconds(300),
                    on: [.kind("timeout"), .status(429), .statuses(5)]
                )
        )
        let approve = try step("approve")
        #expect(approve.when?.program.fragment.text.hasPrefix("steps.triage") == true)
        #expect(approve.deadline == .seconds(172_800))
        #expect(approve.onFailure == .abort)
        #expect(try step("triage").retry == .none)
        #expect(try step("triage").timeout == .seconds(60))
        #expect(try step("triage").onFailure == .deadLetter)
        #expect(try step("packed").onFailure == .perform([try #require(flow.number(of: "told"))]))
    }

    @Test func `a call over HTTP, with a secret in its header`() throws {
        guard case .http(let call) = try step("pay").work else { throw Unexpected() }
        #expect(call.method == "POST")
        #expect(call.expects == [201, 409])
        #expect(call.response?.allows(["id": "x"]) == true)
        #expect(call.headers.map(\.name) == ["Authorization", "X-Run"])
        guard case .secret("Bearer ", .environment("PAY_TOKEN")) = call.headers[0].value else {
            throw Unexpected()
        }
        guard case .template = call.headers[1].value else { throw Unexpected() }
        guard case .http(let undo)? = try step("pay").undo else { throw Unexpected() }
        #expect(undo.method == "DELETE")
        #expect(undo.url.reads == [try #require(flow.number(of: "pay"))])
    }

    @Test func `a secret in a file`() throws {
        let flow = try Fixture.flow(
            Fixture.steps(
                "  - {id: a, http: {url: \"https://x\", headers: {X-Key: \"${file:/run/key}\"}}}"
            )
        )
        guard case .http(let call) = flow.steps[0].work,
            case .secret("", .file("/run/key")) = call.headers[0].value
        else { throw Unexpected() }
        #expect(call.method == "GET")
        #expect(call.expects.isEmpty)
    }

    @Test func `a review`() throws {
        guard case .review(let review) = try step("approve").work else { throw Unexpected() }
        #expect(review.terms.queue == "finance")
        #expect(review.terms.approvals == 2)
        #expect(review.terms.due == .seconds(86_400))
        #expect(review.because == "Large")
        #expect(review.output == nil)
    }

    @Test func `waits and sleeps`() throws {
        guard case .wait(.callback(let output)) = try step("called").work else {
            throw Unexpected()
        }
        #expect(output?.allows(["ok": true]) == true)
        guard case .wait(.event(let type, let match, let about)) = try step("shipped").work else {
            throw Unexpected()
        }
        #expect(type == "com.example.shipped")
        #expect(match?.reads == [try #require(flow.number(of: "pay"))])
        #expect(about?.path == ["data", "id"])
        guard case .wait(.until(let until)) = try step("until").work else { throw Unexpected() }
        #expect(until.program.resultType == .timestamp)
        guard case .wait(.until(let fixed)) = try step("fixed").work else { throw Unexpected() }
        #expect(fixed.program.constant?.json == "2027-01-31T09:00:00Z")
        guard case .sleep(.fixed(let nap)) = try step("nap").work else { throw Unexpected() }
        #expect(nap == .seconds(300))
        guard case .sleep(.computed) = try step("longer_nap").work else { throw Unexpected() }
    }

    @Test func `blocks`() throws {
        guard case .parallel(let branches) = try step("both").work else { throw Unexpected() }
        #expect(branches.map(\.name) == ["left", "right"])
        #expect(branches[0].steps == [try #require(flow.number(of: "a"))])
        guard case .each(let each) = try step("rows").work else { throw Unexpected() }
        #expect(each.name == "line")
        #expect(each.limit == 4)
        guard case .choose(let choices) = try step("chosen").work else { throw Unexpected() }
        #expect(choices.map { $0.when == nil } == [false, true])
        #expect(choices[1].steps == [try #require(flow.number(of: "few"))])
    }

    @Test func `external work`() throws {
        guard case .external(let kind, _, let output) = try step("packed").work else {
            throw Unexpected()
        }
        #expect(kind == "pack")
        #expect(output?.allows(["boxes": 2]) == true)
    }

    @Test func `an expression knows which steps it reads`() throws {
        let pay = try #require(flow.number(of: "pay"))
        let triage = try #require(flow.number(of: "triage"))
        #expect(flow.output?.reads == [pay, triage])
        #expect(try step("approve").when?.reads == [triage, Flow.inputRead])
    }

    @Test func `where all steps are meant, all that are known are read`() throws {
        let flow = try Fixture.flow(
            Fixture.steps(
                """
                  - {id: a, set: {x: 1}}
                  - {id: b, set: {x: 1}}
                  - {id: c, set: {all: "${{ steps }}"}}
                  - {id: d, set: {x: "${{ steps['b'].output.x + size([steps.a.output.x]) }}"}}
                """
            )
        )
        guard case .set(let all) = flow.steps[2].work, case .set(let two) = flow.steps[3].work
        else { throw Unexpected() }
        #expect(all.reads == [0, 1])
        #expect(two.reads == [0, 1])
    }
}

/// A step came out as something else.
struct Unexpected: Error {}
