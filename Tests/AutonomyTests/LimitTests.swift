import Autonomy
import Testing
import Values

/// The limits of a workspace, reached; a list of too many rows takes too long to make.
struct LimitTests {
    private static let head = """
        policy: refund
        autonomy: supervised
        input: {message: string, amount: integer}
        output:
          action(enum): [refund, reject]
        model:
          prompt: refund
          use: fast
          confidence: {from: probability, of: action}

        """

    private func problems(_ policy: String) -> [String] {
        Fixture.check(policy: policy).diagnostics.map(\.message)
    }

    // MARK: Lists of clauses

    private func list(_ count: Int, of clause: String, under key: String) -> [String] {
        let accept = key == "accept" ? "" : "accept: [{threshold: 0.9}]\n"
        let clauses = String(repeating: "  - \(clause)\n", count: count)
        return problems(Self.head + accept + key + ":\n" + clauses)
    }

    /// The clauses are wrong each for itself, which is told after their number: that is quick.
    @Test(arguments: [
        ("rules", "{table: t}", Limits.rules, "a policy may have at most 2000 rules"),
        ("checks", "{}", Limits.checks, "a policy may have at most 500 checks"),
        ("accept", "{}", Limits.acceptClauses, "a policy may have at most 500 accept clauses"),
    ])
    func `a policy has at most so many clauses`(
        key: String,
        clause: String,
        most: Int,
        message: String
    ) {
        #expect(!list(most, of: clause, under: key).contains(message))
        #expect(list(most + 1, of: clause, under: key).contains(message))
    }

    // MARK: Numbers

    struct Number: CustomTestStringConvertible {
        let name: String
        let most: Int
        let message: String
        /// The policy with that number in its place.
        let policy: @Sendable (Int) -> String
        var testDescription: String { name }
    }

    static let numbers = [
        Number(
            name: "samples",
            most: Limits.samples,
            message: "'samples' needs a whole number from 2 to 128; got 129"
        ) { number in
            head.replacingFirst("use: fast", with: "use: talk")
                .replacingFirst("probability", with: "vote")
                .replacingFirst("of: action}", with: "of: action, samples: \(number)}")
                + "accept: [{threshold: 0.9}]\n"
        },
        Number(
            name: "attempts",
            most: Limits.attempts,
            message: "'attempts' needs a whole number from 1 to 10; got 11"
        ) { number in
            head + "  retry: {attempts: \(number)}\naccept: [{threshold: 0.9}]\n"
        },
        Number(
            name: "approvals",
            most: Limits.approvals,
            message: "'approvals' needs a whole number from 1 to 20; got 21"
        ) { number in
            head + "accept: [{threshold: 0.9}]\nreview: {approvals: \(number)}\n"
        },
    ]

    @Test(arguments: numbers) func `a number of a policy has an upper bound`(each: Number) {
        #expect(problems(each.policy(each.most)).isEmpty)
        #expect(problems(each.policy(each.most + 1)) == [each.message])
    }

    // MARK: Times

    @Test func `a time that is written has a million days at most, so that no moment overflows`() {
        #expect(NodeReader.duration("1000000d") == Limits.time)
        for long in ["1000001d", "24000001h", "1000000000h", "1000000000d"] {
            #expect(NodeReader.duration(long) == nil, "\(long)")
        }
        #expect(NodeReader.duration("1000000000s") == .seconds(1_000_000_000))
    }
}
