import Decisions
import Models
import Reviews
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

@Suite struct RunDriverTests {
    @Test func `rules decide the steps of a run one after another, each in its transaction`()
        async throws
    {
        let flow = """
            flow: five
            input: {amount: number}
            steps:
              - {id: a, decide: refund, with: input}
              - {id: b, decide: refund, with: input}
              - id: c
                when: steps.b.output.action == 'refund'
                decide: refund
                with: input
            """
        try await RunWorld.run(["five": flow]) { world in
            let id = try await world.start("five", ["amount": 10])
            let run = try await world.run(id)
            #expect(run.state == .completed)
            #expect(run.output == .inline(["action": "refund"]))
            #expect(run.history == 4)
            let decisions = try await world.store.decisions(DecisionQuery())
            #expect(decisions.count == 3)
            #expect(decisions.allSatisfy { $0.isOfRun && $0.state == .decided })
        }
    }

    @Test func `a run waits for people without a thread, and goes on with what they say`()
        async throws
    {
        let flow = """
            flow: ask
            input: {amount: number}
            steps:
              - {id: triage, decide: refund, with: input}
              - id: approve
                review: {queue: finance, approvals: 2}
              - {id: done, set: {ok: "${{ steps.approve.output.approved }}"}}
            """
        try await RunWorld.run(["ask": flow]) { world in
            let id = try await world.start("ask", ["amount": 100])
            _ = try await world.run(id) { $0.active[0]?.decision != nil }
            var query = ReviewQuery()
            let review = try #require(try await world.store.reviews(query).first)
            _ = try await world.reviews.act(.decide(["action": "refund"]), on: review.id, by: "bob")
            _ = try await world.run(id) { $0.active[1]?.decision != nil }
            query.queue = "finance"
            let approval = try #require(try await world.store.reviews(query).first)
            #expect(approval.policy == "ask/approve")
            for person in ["bob", "cleo"] {
                _ = try await world.reviews.act(.approve, on: approval.id, by: person)
            }
            let run = try await world.run(id)
            #expect(run.output == .inline(["ok": true]))
        }
    }

    @Test func `a person's no fails the step`() async throws {
        let flow = """
            flow: ask
            input: {amount: number}
            steps:
              - {id: approve, review: {queue: finance}, on_failure: abort}
            """
        try await RunWorld.run(["ask": flow]) { world in
            let id = try await world.start("ask", ["amount": 100])
            _ = try await world.run(id) { $0.active[0]?.decision != nil }
            let review = try #require(try await world.store.reviews(ReviewQuery()).first)
            _ = try await world.reviews.act(.reject(reason: "no"), on: review.id, by: "bob")
            let run = try await world.run(id)
            #expect(run.state == .failed)
            #expect(run.ended[0]?.failure?.kind == "rejected")
        }
    }

    @Test func `a call over HTTP is tried again with the same key, and its secret is hidden`()
        async throws
    {
        let flow = """
            flow: pay
            input: {amount: number}
            steps:
              - id: pay
                http:
                  method: POST
                  url: https://pay.example/refunds
                  headers: {Authorization: "Bearer ${env:PAY}"}
                  body: {amount: "${{ input.amount }}"}
                  response: {id: string, echo: string}
                retry: {attempts: 3, backoff: 1s..5s, on: [5xx]}
              - {id: last, set: {paid: "${{ steps.pay.output.body.id }}"}}
            """
        let calls = Calls()
        let transport = FakeTransport { call throws(TransportError) in
            let key = call.headers.first { $0.name == "idempotency-key" }
            if case .plain(let text)? = key?.value { calls.note(text) }
            guard calls.count > 2 else { return HTTPReply(status: 503, body: []) }
            return HTTPReply(status: 200, body: Array(#"{"id":"p-1","echo":"hidden"}"#.utf8))
        }
        try await RunWorld.run(["pay": flow], transport: transport) { world in
            let id = try await world.start("pay", ["amount": 5])
            let run = try await world.run(id)
            #expect(run.output == .inline(["paid": "p-1"]))
            #expect(calls.all == Array(repeating: "\"\(id)/pay\"", count: 3))
            guard case .inline(let output)? = run.ended[0]?.output else {
                Issue.record("the output is small")
                return
            }
            #expect(output["body"]?["echo"]?.string != "hidden")
            #expect(run.ended[0]?.attempts == 3)
        }
    }

    @Test func `an external worker claims, extends and completes; late words do not count`()
        async throws
    {
        let flow = """
            flow: work
            input: {n: integer}
            steps:
              - id: one
                work: {kind: pick, output: {ok: boolean}}
                with: {n: "${{ input.n }}"}
                timeout: 30s
            """
        try await RunWorld.run(["work": flow]) { world in
            let id = try await world.start("work", ["n": 7])
            func claim() async throws -> WorkItem {
                let items = try await world.desk.claimWork(
                    kinds: ["pick"],
                    by: "w",
                    limit: 5,
                    lease: nil
                )
                return try #require(items.first)
            }
            let first = try await claim()
            #expect(first.input == ["n": 7])
            #expect(
                try await world.desk.extendWork(id, step: 0, epoch: first.epoch, by: .seconds(60))
            )
            try await world.time.sleep(for: .seconds(50))
            #expect(try await world.store.run(id)?.active[0]?.epoch == first.epoch)
            try await world.time.sleep(for: .seconds(20))
            let second = try await claim()
            #expect(second.attempt == 2)
            await #expect(throws: EngineError.self) {
                _ = try await world.desk.completeWork(
                    id,
                    step: 0,
                    epoch: first.epoch,
                    output: ["ok": true]
                )
            }
            await #expect(throws: EngineError.self) {
                _ = try await world.desk.completeWork(
                    id,
                    step: 0,
                    epoch: second.epoch,
                    output: ["ok": 1]
                )
            }
            let run = try await world.desk.completeWork(
                id,
                step: 0,
                epoch: second.epoch,
                output: ["ok": true]
            )
            #expect(run.state == .completed)
        }
    }

    @Test func `items are runs of their own, and their outputs come in their order`() async throws {
        let flow = """
            flow: all
            input: {tags(array): string}
            steps:
              - {id: before, set: {x: 1}}
              - id: each
                each:
                  in: input.tags
                  as: tag
                  limit: 3
                  do:
                    - id: one
                      set: {tag: "${{ tag }}-${{ tag_index }}-${{ steps.before.output.x }}"}
              - {id: count, set: {n: "${{ size(steps.each.output) }}"}}
            """
        try await RunWorld.run(["all": flow]) { world in
            let tags = (0..<40).map { JSON.string("t\($0)") }
            let id = try await world.start("all", ["tags": .array(tags)])
            let run = try await world.run(id)
            #expect(run.output == .inline(["n": 40]))
            let output = try #require(try await world.desk.value(run.ended[1]!.output!))
            #expect(output.array?[39]["tag"]?.string == "t39-39-1")
            var query = RunQuery(limit: 100)
            query.root = id
            #expect(try await world.store.runs(query).count == 41)
        }
    }

    @Test func `callbacks and events wake the steps that wait for them, once`() async throws {
        let flow = """
            flow: wait
            input: {order: string}
            steps:
              - {id: paid, wait: {callback: {output: {sum: number}}}}
              - id: sent
                wait: {event: {type: parcel.sent, match: event.data.order == input.order}}
            """
        try await RunWorld.run(["wait": flow]) { world in
            let id = try await world.start("wait", ["order": "o-1"])
            let run = try await world.run(id) { $0.active[0] != nil }
            let secret = try await world.store.secret()
            let epoch = try #require(run.active[0]?.epoch)
            let text = CallbackToken(run: id, step: 0, epoch: epoch).text(secret: secret)
            let token = try #require(CallbackToken(text, secret: secret))
            #expect(CallbackToken(String(text.dropLast()) + "0", secret: secret) == nil)
            await #expect(throws: EngineError.self) {
                _ = try await world.desk.arrived(["sum": "much"], at: token)
            }
            #expect(try await world.desk.arrived(["sum": 5], at: token))
            #expect(try await !world.desk.arrived(["sum": 5], at: token))
            let other: JSON = ["type": "parcel.sent", "data": ["order": "o-2"]]
            let right: JSON = ["type": "parcel.sent", "data": ["order": "o-1"]]
            #expect(try await world.desk.arrived(event: other, type: "parcel.sent").taken == 0)
            #expect(try await world.desk.arrived(event: right, type: "parcel.sent").taken == 1)
            #expect(try await world.run(id).state == .completed)
        }
    }

    @Test func `runs with one key queue, refuse, or end the oldest`() async throws {
        func flow(_ name: String, _ then: String) -> String {
            """
            flow: \(name)
            input: {customer: string}
            concurrency: {key: input.customer, limit: 1, then: \(then)}
            steps:
              - {id: one, work: {kind: \(name)}}
            """
        }
        let flows = [
            "queue": flow("queue", "queue"), "refuse": flow("refuse", "refuse"),
            "newest": flow("newest", "cancel_old"),
        ]
        try await RunWorld.run(flows) { world in
            func finish(_ kind: String) async throws {
                let items = try await world.desk.claimWork(
                    kinds: [kind],
                    by: "w",
                    limit: 1,
                    lease: nil
                )
                let item = try #require(items.first)
                _ = try await world.desk.completeWork(
                    item.run,
                    step: item.number,
                    epoch: item.epoch,
                    output: .null
                )
            }
            let input: JSON = ["customer": "c-1"]
            let first = try await world.start("queue", input)
            let second = try await world.start("queue", input)
            #expect(try await world.store.run(second)?.state == .queued)
            try await finish("queue")
            #expect(try await world.run(first).state == .completed)
            _ = try await world.run(second) { $0.state == .running }
            try await finish("queue")
            #expect(try await world.run(second).state == .completed)

            _ = try await world.start("refuse", input)
            let refused = try await world.desk.start(
                RunStart(flow: "refuse", input: input, caller: "ann")
            )
            guard case .full = refused else { throw RunWorld.NotStarted(what: "\(refused)") }

            let old = try await world.start("newest", input)
            let new = try await world.start("newest", input)
            #expect(try await world.run(old).state == .cancelled)
            _ = try await world.run(new) { $0.state == .running }
        }
    }

    @Test func `of those that wait for one that is being undone, only the newest is left`()
        async throws
    {
        let flow = """
            flow: newest
            input: {customer: string}
            concurrency: {key: input.customer, limit: 1, then: cancel_old}
            steps:
              - {id: done, set: {x: 1}, undo: {work: {kind: undo}}}
              - {id: one, work: {kind: one}}
            """
        try await RunWorld.run(["newest": flow]) { world in
            let input: JSON = ["customer": "c-1"]
            let first = try await world.start("newest", input)
            let second = try await world.start("newest", input)
            #expect(try await world.store.run(first)?.state == .undoing)
            let third = try await world.start("newest", input)
            #expect(try await world.run(second).state == .cancelled)
            #expect(try await world.store.run(third)?.state == .queued)
            let items = try await world.desk.claimWork(
                kinds: ["undo"],
                by: "w",
                limit: 1,
                lease: nil
            )
            let item = try #require(items.first)
            _ = try await world.desk.completeWork(
                item.run,
                step: item.number,
                epoch: item.epoch,
                output: .null
            )
            _ = try await world.run(third) { $0.state == .running }
        }
    }

    @Test func `the same start is one run, another input under its key is refused`() async throws {
        let flow = "flow: one\ninput: {n: integer}\nsteps:\n  - {id: a, work: {kind: k}}\n"
        try await RunWorld.run(["one": flow]) { world in
            let id = try await world.start("one", ["n": 1], key: "k")
            func again(_ n: Int64) async throws -> RunStarted {
                try await world.desk.start(
                    RunStart(
                        flow: "one",
                        input: ["n": .int(n)],
                        key: .init(scope: "test", key: "k"),
                        caller: "ann"
                    )
                )
            }
            guard case .known(id) = try await again(1) else { throw RunWorld.NotStarted(what: "") }
            guard case .keyTaken(by: id) = try await again(2) else {
                throw RunWorld.NotStarted(what: "")
            }
            guard
                case .refused = try await world.desk.start(
                    RunStart(flow: "one", input: ["n": "x"], caller: "ann")
                )
            else { throw RunWorld.NotStarted(what: "") }
        }
    }

    @Test func `a cancelled run withdraws its reviews and ends the runs below`() async throws {
        let below = """
            flow: below
            input: {amount: number}
            steps: [{id: ask, decide: refund, with: input}]
            """
        let above = """
            flow: above
            input: {amount: number}
            steps: [{id: call, flow: below, with: input}]
            """
        try await RunWorld.run(["below": below, "above": above]) { world in
            let id = try await world.start("above", ["amount": 100])
            while try await world.store.reviews(ReviewQuery()).isEmpty {
                try await world.time.sleep(for: .milliseconds(100))
            }
            _ = try await world.desk.act(.cancel(undoing: true), on: id, by: "ada")
            #expect(try await world.run(id).state == .cancelled)
            #expect(try await world.store.reviews(ReviewQuery()).isEmpty)
            #expect(try await world.store.decisions(DecisionQuery()).first?.state == .withdrawn)
        }
    }
}

/// The keys that calls came with.
final class Calls: Sendable {
    private let keys = Mutex<[String]>([])
    var count: Int { all.count }
    var all: [String] { keys.withLock { $0 } }
    func note(_ key: String) { keys.withLock { $0.append(key) } }
}
