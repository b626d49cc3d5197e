import Runs
import Testing
import Values

/// What a store keeps of runs reads back as it was.
struct RunCodingTests {
    private static let now = Instant(microseconds: 1_800_000_000_123_456)
    private static let id = Identifier(at: now, random: (1, 2))
    private static let other = Identifier(at: now, random: (3, 4))
    private static let digest = Digest(of: Array("x".utf8))
    private static let failure = StepFailure("status", status: 503, "said \"no\"\n", mayPass: true)

    private static let payloads: [Payload] = [
        .inline(.null), .inline(["a": [1, 2.5, "é\u{1}", true, nil], "b": [:]]), .inline(0),
        .resource(digest, bytes: 123_456),
    ]
    private static let waits: [Wait] = [
        .timer(now), .decision(id), .callback, .event("com.example.paid"), .children,
        .person, .slot("flow/a \"key\""), .rate("flow/step", until: now),
    ]
    private static let acts: [RunAct] = [
        .pause, .resume, .cancel(undoing: true), .cancel(undoing: false),
        .retry(step: 3, input: ["a": 1]), .retry(step: 3, input: nil),
        .retry(step: 3, input: .null), .skip(step: 4, output: nil), .skip(step: 4, output: [1]),
        .restart(from: 0), .undo,
    ]
    private static let events: [RunEvent] =
        [
            .begun, .claimed(step: 1, epoch: 2, by: "w", until: now),
            .extended(step: 1, epoch: 2, until: now), .failed(step: 1, epoch: 9, failure),
            .cancelled(step: 2, epoch: 1), .told(step: 2, epoch: 1, through: 10_000),
            .childrenEnded(step: 2, succeeded: 3, failed: 1, first: failure),
            .childrenEnded(step: 2, succeeded: 3, failed: 0, first: nil),
            .due(step: -1, epoch: 1),
        ] + payloads.map { .succeeded(step: 1, epoch: 2, output: $0) }
        + waits.map { .waits(step: 1, epoch: 2, $0) } + acts.map { .acted($0, by: "Ada") }

    private static let signals: [Signal.Content] =
        [
            .decided(id), .childEnded(id, succeeded: true, nil),
            .childEnded(id, succeeded: false, failure), .slotFree,
        ] + payloads.map { .arrived($0) }

    private func keeps<Value: Stored & Equatable>(_ value: Value) {
        let bytes = value.storedBytes
        #expect(Value(storedBytes: bytes) == value, "\(String(decoding: bytes, as: UTF8.self))")
    }

    @Test func `every event, act, wait, payload and signal reads back as it was`() {
        for event in Self.events { keeps(event) }
        for act in Self.acts { keeps(act) }
        for wait in Self.waits { keeps(wait) }
        for payload in Self.payloads { keeps(payload) }
        for signal in Self.signals { keeps(signal) }
    }

    @Test func `an active step reads back as it was, in every state`() {
        var steps = Self.waits.map {
            ActiveStep(step: 1, state: .waiting($0), at: Self.now, deadline: Self.now)
        }
        steps.append(ActiveStep(step: 2, kind: "ocr", at: Self.now, isUndo: true))
        var full = ActiveStep(step: 3, state: .leased(by: "w", until: Self.now), at: Self.now)
        full.epoch = 7
        full.attempt = 3
        full.since = Self.now + .seconds(5)
        full.override = .null
        full.lost = 2
        full.decision = Self.id
        full.isCancelled = true
        full.failure = Self.failure
        full.children = Children(total: 5, items: Self.payloads[3], generation: 6)
        full.children?.started = 4
        full.children?.succeeded = 1
        full.children?.failed = 2
        full.children?.firstFailure = Self.failure
        full.children?.order = .undo
        full.children?.told = 3
        steps.append(full)
        for step in steps { keeps(step) }
    }

    private var full: Run {
        var run = Run(
            id: Self.id,
            root: Self.other,
            plan: Run.Plan(flow: "refund", release: Self.digest, each: 4),
            parent: Run.Parent(run: Self.other, step: 4, item: 7, generation: 3, depth: 2),
            caller: "Ada \"A\"",
            startedAt: Self.now,
            priority: -3,
            key: "refund/1",
            input: Self.payloads[1],
            items: [Run.Item(name: "line", value: Self.payloads[3], index: 7)],
            state: .undoing
        )
        run.reason = "because"
        run.stage = "payout"
        run.stageSince = Self.now + .seconds(1)
        run.updatedAt = Self.now + .seconds(2)
        run.fields = ["amount": 12.5, "gold": true, "name": "Zoë", "count": 3]
        run.ended = [
            0: StepEnd(.succeeded, output: Self.payloads[1], at: Self.now, attempts: 1),
            2: StepEnd(.failed, failure: Self.failure, at: Self.now, attempts: 5),
        ]
        run.choices = [1: 2, 5: 0]
        run.undoable = [2, 0]
        run.isUndone = true
        run.aftermath = .cancelled
        run.pausedFrom = .undoing
        run.output = Self.payloads[3]
        run.active[3] = ActiveStep(step: 3, at: Self.now)
        run.history = 12
        run.version = 9
        return run
    }

    private func restored(_ run: Run) -> Run? {
        Run(
            beginning: run.beginning.storedBytes,
            progress: run.progressBytes,
            active: Array(run.active.values)
        )
    }

    @Test func `a run reads back as it was, full or bare`() {
        #expect(restored(full) == full)
        let bare = Run(
            id: Self.id,
            root: Self.id,
            plan: Run.Plan(flow: "f", release: Self.digest),
            parent: nil,
            caller: "",
            startedAt: Self.now,
            input: .inline(.null)
        )
        #expect(restored(bare) == bare)
    }

    @Test func `a value as deep as any may be reads back from a run's row`() throws {
        let depth = 255
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        var run = full
        let deep = try JSON.read(text)
        run.ended[6] = StepEnd(.succeeded, output: .inline(deep), at: Self.now, attempts: 1)
        #expect(restored(run) == run)
        keeps(RunEvent.succeeded(step: 1, epoch: 1, output: .inline(deep)))
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"event":"unknown","step":1,"epoch":1}"#, #"{"event":"due","step":1}"#,
        #"{"event":"children_ended","step":1,"succeeded":1,"failed":0,"first":{}}"#,
        #"{"event":"acted","by":"Ada","act":{"act":"retry"}}"#,
        #"{"event":"waits","step":1,"epoch":1,"wait":{"for":"timer"}}"#,
    ])
    func `what is no event is not read as one`(text: String) {
        #expect(RunEvent(storedBytes: Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        #"{"state":"ready","step":1,"epoch":1,"begun":1}"#,
        #"{"state":"waiting","step":1,"epoch":1,"begun":1,"since":1}"#,
        #"{"state":"leased","step":1,"epoch":1,"begun":1,"since":1,"by":"w"}"#,
        #"{"state":"ready","step":1,"epoch":1,"begun":1,"since":1,"children":{}}"#,
    ])
    func `what is no step is not read as one`(text: String) {
        #expect(ActiveStep(storedBytes: Array(text.utf8)) == nil)
    }

    @Test func `a run whose row is damaged is not read`() {
        let progress = String(decoding: full.progressBytes, as: UTF8.self)
        for (part, other) in [
            (#""state":"undoing""#, #""state":"gone""#), (#""attempts":5"#, #""attempts":"x""#),
            (#""branch":2"#, #""branch":null"#),
        ] {
            let damaged = progress.replacing(part, with: other)
            #expect(damaged != progress)
            let run = Run(
                beginning: full.beginning.storedBytes,
                progress: Array(damaged.utf8),
                active: []
            )
            #expect(run == nil, "\(other)")
        }
    }

    @Test func `a step that looks for a slot again keeps its place in the queue`() {
        var step = ActiveStep(step: Run.slotStep, state: .waiting(.slot("k")), at: Self.now)
        step.since = Self.now + .seconds(9)
        #expect(step.orderedSince == Self.now)
        step.state = .ready
        #expect(step.orderedSince == Self.now + .seconds(9))
    }
}
