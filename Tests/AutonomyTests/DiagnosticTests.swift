import Autonomy
import Testing
import Values

/// What is wrong in a policy is told with its place, what was expected, and the fix.
struct DiagnosticTests {
    struct Case: CustomTestStringConvertible {
        let from: String
        let to: String
        let line: Int
        let message: String
        let fix: String?
        var severity = Diagnostic.Severity.error
        var testDescription: String { to }
    }

    static let cases = [
        Case(
            from: "autonomy:",
            to: "autonomi:",
            line: 2,
            message: "a policy has no key 'autonomi'",
            fix: "write 'autonomy'"
        ),
        Case(
            from: "supervised",
            to: "superviced",
            line: 2,
            message: "'autonomy' is one of",
            fix: "write 'supervised'"
        ),
        Case(
            from: "input.amount <= 20",
            to: "input.amout <= 20",
            line: 7,
            message: "'input' has no field 'amout'; it has message, amount, items",
            fix: "write 'input.amount'"
        ),
        Case(
            from: "decide: {action: refund}",
            to: "decide: {action: refnd}",
            line: 7,
            message: "what is decided does not fit the output: /action: expected one of refund, "
                + "reject; got 'refnd'; did you mean 'refund'?",
            fix: nil
        ),
        Case(
            from: "output.action != 'refund'",
            to: "output.action != 'refnud'",
            line: 16,
            message: "'refnud' is no member; expected one of refund, reject",
            fix: "write 'refund'"
        ),
        Case(
            from: "prompt: refund",
            to: "prompt: refunds",
            line: 11,
            message: "there is no prompt 'refunds' in Prompts/",
            fix: "write 'refund'"
        ),
        Case(
            from: "use: fast",
            to: "use: fasd",
            line: 12,
            message: "there is no model 'fasd' in stepgate.yaml",
            fix: "write 'fast'"
        ),
        Case(
            from: "from: probability",
            to: "from: logprob",
            line: 13,
            message: "the shape 'decisions' of model 'fast' cannot tell 'logprob'",
            fix: "write one of probability, agreement"
        ),
        Case(
            from: "from: probability",
            to: "from: agreement",
            line: 13,
            message: "'agreement' is the share of models that agree, and 'use' names one",
            fix: "name at least two models"
        ),
        Case(
            from: "use: fast",
            to: "use: [fast, fast]",
            line: 12,
            message: "'use' names 'fast' twice",
            fix: "name it once"
        ),
        Case(
            from: "{threshold: 0.9}",
            to: "{threshold: 0.9, stages: {fst: 0.95}}",
            line: 17,
            message: "'fst' is none of the models under 'use': fast",
            fix: "write 'fast'"
        ),
        Case(
            from: "{threshold: 0.9}",
            to: "{threshold: 0.9, stages: {fast: 2}}",
            line: 17,
            message: "a threshold is a number from 0 to 1",
            fix: nil
        ),
        Case(
            from: "review: {queue: refunds}",
            to: "budget: {usd: 5, per: day, zone: Berlin}",
            line: 18,
            message: "there is no time zone 'Berlin' on this machine",
            fix: "write an IANA name such as Europe/Berlin"
        ),
        Case(
            from: "review: {queue: refunds}",
            to: "budget: {usd: 5, per: year}",
            line: 18,
            message: "'per' is one of hour, day, week, month; got year",
            fix: nil
        ),
        Case(
            from: "accept: [{threshold: 0.9}]",
            to: "accept: []",
            line: 2,
            message: "'supervised' needs 'accept': when the model may decide alone",
            fix: "add"
        ),
        Case(
            from: "when: 10 / input.items > 100",
            to: "when: input.amount < 10",
            line: 9,
            message: "this rule is never reached: whenever it would apply, 'small' before it does",
            fix: "move it before 'small', or remove it"
        ),
        Case(
            from: "when: 10 / input.items > 100",
            to: "when: input.amount > 5 && input.amount < 3",
            line: 9,
            message: "this condition is never true, so the rule is never reached",
            fix: nil
        ),
        Case(
            from: "{id: broken, when: 10 / input.items > 100, decide: {action: reject}}",
            to: "{table: limits.csv}",
            line: 9,
            message: "decision tables are not available yet",
            fix: "write its rows as rules"
        ),
        Case(
            from: "threshold: 0.9",
            to: "threshold: {error: 2%, certainty: 95%, until: 0.9}",
            line: 17,
            message: "a threshold found from outcomes is not available yet",
            fix: nil,
            severity: .warning
        ),
        Case(
            from: "input: {message: string, amount: number, items: integer}",
            to: "input: {schema: {typ: object, required: [message, amount, items], properties: "
                + "{message: {type: string}, amount: {type: number}, items: {type: integer}}}}",
            line: 3,
            message: "'typ' is no keyword of JSON Schema, and says nothing of a value (at /typ)",
            fix: "write 'type'",
            severity: .warning
        ),
        Case(
            from: "input: {message: string, amount: number, items: integer}",
            to: "input: {schema: {type: object, properties: {amount: {minimum: low}}}}",
            line: 3,
            message: "expected a number; got a string (at /properties/amount/minimum)",
            fix: nil
        ),
        Case(
            from: "queue: refunds",
            to: "queue: refunds, leese: 5m",
            line: 18,
            message: "'review' has no key 'leese'",
            fix: "write 'lease'"
        ),
        Case(
            from: "10 / input.items > 100",
            to: "10 / input.items >",
            line: 9,
            message: "the expression ends too early",
            fix: nil
        ),
        Case(
            from: "id: odd,",
            to: "id: small,",
            line: 8,
            message: "a rule named 'small' is there already",
            fix: "give it another"
        ),
    ]

    @Test(arguments: cases) func `a mistake is told with its line and fix`(each: Case) throws {
        let policy = Fixture.policy(.supervised)
        #expect(policy.contains(each.from))
        let check = Fixture.check(policy: policy.replacingFirst(each.from, with: each.to))
        let found = try #require(
            check.diagnostics.first { $0.message.hasPrefix(each.message) },
            "\(check.diagnostics.map(\.rendered).joined(separator: "\n"))"
        )
        #expect(found.file == "Policies/refund.yaml")
        #expect(found.position.line == each.line)
        #expect(found.severity == each.severity)
        if let fix = each.fix { #expect(found.fix?.hasPrefix(fix) == true, "\(found.rendered)") }
        #expect((check.workspace == nil) == (each.severity == .error))
    }

    @Test(arguments: [
        ("concurrency: 0", "'concurrency' needs a whole number from 1 to 10000; got 0"),
        ("requests_per_minute: -1", "'requests_per_minute' needs a whole number"),
        ("breaker: {failures: 0}", "'failures' needs a whole number from 1 to 1000"),
        ("breaker: {opens: 5s}", "'breaker' has no key 'opens'; expected one of failures, open"),
        ("timeouts: {connect: 0s}", "'connect' needs a time above zero"),
        ("timeouts: {first: 1s}", "'timeouts' has no key 'first'"),
        ("hedge: soon", "'hedge' needs a time such as"),
        ("cache: 5", "'cache' needs a time such as"),
        ("structured: tool", "only the shape 'messages' is held to its schema by a tool"),
        ("structured: grammar", "'structured' is one of format, tool; got grammar"),
        ("vote: one_call", "only the shape 'chat' gives several samples in one call"),
        ("price: {input: -1}", "'input' needs a number from 0 to 1000000; got -1"),
        ("key: sk-1234", "a key must not stand in the workspace"),
    ])
    func `a mistake in a model's settings is told with its line`(
        _ setting: String,
        _ message: String
    ) throws {
        let check = Fixture.check(
            policy: Fixture.policy(.manual),
            stepgate: Fixture.stepgate.replacingFirst(
                "strong: {shape: decisions,",
                with: "strong: {shape: decisions, \(setting),"
            )
        )
        let found = try #require(check.diagnostics.first { $0.severity == .error })
        #expect(found.message.hasPrefix(message), "\(found.rendered)")
        #expect(found.file == "stepgate.yaml")
        #expect(found.position.line == 3)
        #expect(check.workspace == nil)
    }

    @Test func `a model's settings are read`() throws {
        let check = Fixture.check(
            policy: Fixture.policy(.manual),
            stepgate: """
                models:
                  fast: {shape: decisions, url: "http://h/v1", model: m}
                  claude:
                    shape: messages
                    url: https://h/v1
                    model: c
                    key: ${env:KEY}
                    price: {input: 3, cached: 0.3, output: 15}
                    concurrency: 8
                    requests_per_minute: 50
                    tokens_per_minute: 40000
                    breaker: {failures: 3, open: 20s}
                    timeouts: {connect: 1s, first_byte: 5s, total: 30s}
                    hedge: 2s
                    structured: tool
                    cache: 1h
                lists: {sanctioned: sanctioned.csv}
                """
        )
        let model = try #require(
            check.workspace?.models["claude"],
            "\(check.diagnostics.map(\.rendered))"
        )
        #expect(model.price == ModelPrice(input: 3, cached: 0.3, output: 15))
        #expect(
            model.limits
                == ModelLimits(
                    concurrency: 8,
                    requestsPerMinute: 50,
                    tokensPerMinute: 40_000,
                    breakerFailures: 3,
                    breakerOpen: .seconds(20)
                )
        )
        #expect(
            model.times
                == ModelTimes(
                    connect: .seconds(1),
                    firstByte: .seconds(5),
                    total: .seconds(30),
                    hedge: .seconds(2)
                )
        )
        #expect(model.structured == .tool)
        #expect(model.cache == .seconds(3_600))
        #expect(model.key == .environment("KEY"))
    }

    @Test func `a prompt that reads what the input lacks is told in the prompt's own file`() throws
    {
        let check = Fixture.check(
            policy: Fixture.policy(.supervised),
            prompt: "Hello\n{{mesage}}"
        )
        let found = try #require(check.diagnostics.first)
        #expect(found.file == "Prompts/refund.prompt")
        #expect(found.position.line == 2)
        #expect(found.position.column == 3)
        #expect(found.fix == "write 'message'")
    }

    @Test func `an optional field needs a guard, and the fix is printed`() throws {
        let policy = Fixture.policy(.supervised)
            .replacingFirst("items: integer", with: "items: integer, note?: string")
            .replacingFirst("10 / input.items > 100", with: "input.note == 'x'")
        let found = try #require(Fixture.check(policy: policy).diagnostics.first)
        #expect(found.message == "'input.note' may be absent, and then this has no value")
        #expect(
            found.fix
                == "write 'has(input.note) && …', or 'input.?note.orValue('')'"
        )
        let guarded = policy.replacingFirst(
            "input.note == 'x'",
            with: "has(input.note) && input.note == 'x'"
        )
        #expect(Fixture.check(policy: guarded).diagnostics.isEmpty)
    }

    @Test func `the release names exactly the files the workspace refers to`() throws {
        let files: [String: [UInt8]] = [
            "stepgate.yaml": Array("models: {}".utf8), "notes.csv": Array("a".utf8),
            "Policies/a.yaml": Array(
                "policy: a\nautonomy: manual\ninput: {x: string}\noutput: {y: string}\n".utf8
            ),
        ]
        let check = Fixture.compile(files)
        let release = try #require(check.workspace?.release)
        #expect(release.manifest.keys.sorted() == ["Policies/a.yaml", "stepgate.yaml"])
        #expect(Fixture.compile(release.files).workspace?.release == release)
        var changed = files
        changed["notes.csv"] = Array("b".utf8)
        #expect(Fixture.compile(changed).workspace?.release.digest == release.digest)
        changed["stepgate.yaml"] = Array("models:  {}".utf8)
        #expect(Fixture.compile(changed).workspace?.release.digest != release.digest)
    }
}
