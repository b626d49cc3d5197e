import Autonomy
import Documents
import Testing
import Values

struct CaseTests {
    private func run(_ cases: String) throws -> (count: Int, told: [String]) {
        let check = Fixture.check(policy: Fixture.policy(.supervised))
        let policy = try #require(check.workspace?.policies["refund"])
        let source = SourceText(name: "refund.cases.yaml", text: cases)
        let (read, diagnostics) = CaseReader.read(try YAMLReader().read(source))
        let found = read.flatMap { policy.failures(of: $0, now: Fixture.now) }
        return (read.count, (diagnostics + found).map(\.message))
    }

    private func one(_ rest: String) throws -> [String] {
        try run("cases:\n  - {name: c, input: {message: hi, amount: 100, items: 1}, \(rest)}").told
    }

    @Test(arguments: [
        "model: {output: {action: reject}, confidence: 0.95}, expect: {state: decided, route: model, "
            + "output: {action: reject}, reason: confident}",
        "model: {output: {action: reject}, confidence: 0.2}, expect: {state: review, queue: refunds}",
        "model: {output: {action: reject}}, expect: {reason: not-confident}",
        "model: {failure: unavailable}, expect: {state: review, reason: model-unavailable}",
        "expect: {state: asking, reason: ask, prompt_has: <message>hi</message>, prompt_lacks: [x]}",
    ])
    func `a case that comes out as it says tells nothing`(_ rest: String) throws {
        #expect(try one(rest) == [])
    }

    @Test(arguments: [
        (
            "model: {output: {action: reject}, confidence: 0.95}, expect: {state: review}",
            "'c': expected state review, got decided"
        ),
        ("expect: {prompt_has: nowhere}", "'c': the prompt lacks 'nowhere'"),
        ("expect: {rule: small}", "'c': expected rule small, got none"),
        ("expect: {}", "'expect' needs at least one thing, or the case shows nothing"),
        ("expect: {stat: review}", "'expect' has no key 'stat'"),
        ("model: {failure: tired}, expect: {state: review}", "'failure' is one of refusal"),
        ("model: {confidence: 1}, expect: {state: review}", "'model' needs 'output'"),
    ])
    func `a case that does not, or says nothing, is told`(_ rest: String, _ message: String) throws
    {
        let told = try one(rest)
        #expect(told.first?.hasPrefix(message) == true, "\(told)")
    }

    @Test func `an input that does not fit is told by its pointers`() throws {
        let told = try run("cases: [{name: c, input: {amount: x}, expect: {state: review}}]").told
        #expect(told.first?.hasPrefix("'c': the input does not fit: ") == true)
    }
}
