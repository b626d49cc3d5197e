import Access
import Engine
import Gateway
import Runs
import Storage
import TestSupport
import Testing
import Values

/// What those who follow are told of runs.
struct RunEventTests {
    private static let flows = RunFlows.all.merging([
        "paying": """
        input: {order: string}
        steps:
          - id: both
            flow: pay
            with: {order: "${{ input.order }}", amount: 1}
        """,
        "many": """
        input: {orders(array): string}
        steps:
          - id: all
            each: {in: input.orders, as: order, limit: 4, do: [{id: rest, work: {kind: rest}}]}
        """,
    ]) { $1 }

    private func serving(
        runChanges: Int = Storage.Limits.runChanges,
        _ work: @escaping @Sendable (GatewayWorld, VirtualTime) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: Self.flows, runChanges: runChanges)
            try await world.serving { try await work(world, time) }
        }
    }

    private static let order: JSON = ["order": "O-1", "amount": 7]

    /// Takes and ends what a worker is to do, and waits until it is told.
    private static func pay(_ world: GatewayWorld, _ time: VirtualTime) async throws {
        for item in try await world.claim("pay") {
            let path = (item["path"]?.string ?? "") + ":complete"
            let done = try await world.send(
                "POST",
                path,
                as: .agent,
                ["epoch": item["epoch"] ?? .null, "output": ["reference": "R"]]
            )
            #expect(done.status == 200, "\(done.body)")
        }
        try await time.sleep(for: .milliseconds(50))
    }

    /// What a token is told of that is there already.
    private static func heard(
        _ world: GatewayWorld,
        _ secret: String?,
        from position: String = "0.0",
        _ query: [(String, String)] = []
    ) async throws -> [Listener.Event] {
        let listener = Listener()
        let response = await world.follow(secret ?? "", from: position, query: query)
        try await listener.listening(to: response) {
            try await world.time.sleep(for: .seconds(1))
        }
        return try listener.events
    }

    @Test func `what becomes of a run is told at once, with where it is and why`() async throws {
        try await serving { world, time in
            let listener = Listener()
            let response = await world.follow(world.secrets[.operator] ?? "")
            try await listener.listening(to: response) {
                let id = try await world.start("pay", Self.order)
                try await time.sleep(for: .milliseconds(50))
                #expect(try listener.events.map(\.kind) == ["run_started"])
                for word in ["pause", "resume"] {
                    let path = "/v1/runs/\(id):\(word)"
                    #expect(try await world.send("POST", path, as: .operator).status == 200)
                    try await time.sleep(for: .milliseconds(50))
                }
                try await Self.pay(world, time)
                let events = try listener.events
                // The last stage and the end are one transition.
                #expect(
                    events.map(\.kind) == [
                        "run_started", "run_paused", "run_resumed", "run_completed",
                    ]
                )
                #expect(events.map(\.position) == ["4.1", "5.2", "6.3", "6.4"])
                #expect(events.map { $0.data["number"]?.integer } == [1, 2, 3, 4])
                #expect(events.allSatisfy { $0.data["run"] == .string(id) })
                #expect(events.allSatisfy { $0.data["root"] == .string(id) })
                #expect(events.allSatisfy { $0.data["flow"] == "pay" })
                #expect(events.allSatisfy { $0.data["kind"] == .string($0.kind) })
                #expect(
                    events.map { $0.data["state"]?.string } == [
                        "running", "paused", "running", "completed",
                    ]
                )
                #expect(
                    events.map { $0.data["stage"]?.string } == [
                        "payout", "payout", "payout", "told",
                    ]
                )
                let run = try await world.run(id)
                #expect(events[3].data["stage_since"] == run["stage_since"])
                #expect(events[1].data["reason"] == .string("paused by operator"))
            }
            for word in ["O-1", "amount", "reference"] {
                #expect(!listener.text.contains(word), "\(word) is told")
            }
        }
    }

    @Test func `a run costs as many changes as it has states and stages, and items none`()
        async throws
    {
        try await serving { world, time in
            _ = try await world.start("quick", ["text": "a"])
            #expect(try await world.store.lastRunChange() == 1)
            _ = try await world.start("many", ["orders": ["a", "b", "c", "d", "e", "f"]])
            for _ in 0..<2 {
                try await time.sleep(for: .seconds(1))
                for item in try await world.claim("rest") {
                    let path = (item["path"]?.string ?? "") + ":complete"
                    let body: JSON = ["epoch": item["epoch"] ?? .null, "output": .null]
                    #expect(try await world.send("POST", path, as: .agent, body).status == 200)
                }
            }
            try await time.sleep(for: .seconds(1))
            let events = try await Self.heard(world, world.secrets[.operator])
            let runs = events.filter { $0.kind.hasPrefix("run_") }
            #expect(runs.map(\.kind) == ["run_completed", "run_started", "run_completed"])
        }
    }

    @Test func `one id goes on in both, and one of digits alone leaves out the runs so far`()
        async throws
    {
        try await serving { world, time in
            for number in 0..<6 {
                _ = try await world.refund(Double(number))
                _ = try await world.start("quick", ["text": "a"])
            }
            let secret = world.secrets[.admin]
            let all = try await Self.heard(world, secret)
            #expect(all.count == 16)
            #expect(all.filter { !$0.kind.hasPrefix("run_") }.map(\.id) == Array(1...10))
            #expect(all.last?.position == "10.6")
            for (index, event) in all.enumerated() {
                let rest = try await Self.heard(world, secret, from: event.position)
                #expect(rest == Array(all[(index + 1)...]), "after \(event.position)")
            }
            let old = try await Self.heard(world, secret, from: "8")
            #expect(old.map(\.position) == ["9.6", "10.6"])
            let asked = await world.follow(secret ?? "", query: [("after", "10.4")])
            let listener = Listener()
            try await listener.listening(to: asked) { try await time.sleep(for: .seconds(20)) }
            #expect(try listener.events == Array(all.suffix(2)))
            // A sign of life says where to go on from, too.
            #expect(listener.text.hasPrefix("retry: 2000\nid: 10.4\n\n"))
            #expect(listener.text.hasSuffix("\n\n:\nid: 10.6\n\n"))
        }
    }

    @Test func `each is told of the runs that a list shows them`() async throws {
        try await serving { world, time in
            let mine = try await world.start("pay", Self.order)
            let others = try await world.start("quick", ["text": "a"], as: .operator)
            var secrets = world.secrets.map { ("\($0.key)", $0.key, $0.value) }
            for scopes in [["flow:pay"], ["flow:quick"], ["refund"], ["flow:pay", "flow:quick"]] {
                for role in Role.allCases {
                    let made = try await world.tokens.create(
                        name: role == .agent ? "agent" : "x",
                        role: role,
                        policies: scopes,
                        lasting: nil,
                        by: "test"
                    )
                    secrets.append(("\(role) of \(scopes)", role, made.secret))
                }
            }
            for (name, role, secret) in secrets {
                let list = await world.handle(
                    GatewayRequest(
                        method: "GET",
                        path: "/v1/runs",
                        headers: ["authorization": "Bearer \(secret)"]
                    )
                )
                let runs = try JSON.read(list.body)["runs"]?.array?.compactMap { $0["run"]?.string }
                let told = try await Self.heard(world, secret).filter { $0.kind.hasPrefix("run_") }
                    .compactMap { $0.data["run"]?.string }
                #expect(Set(told) == Set(runs ?? []), "\(name)")
                if role == .agent { #expect(!told.contains(others), "\(name)") }
            }
            let agents = try await Self.heard(world, world.secrets[.agent])
            #expect(agents.compactMap { $0.data["run"]?.string } == [mine])
        }
    }

    @Test func `flow, run and kind choose among both`() async throws {
        try await serving { world, time in
            let outer = try await world.start("paying", ["order": "O-1"])
            let asking = try await world.start("approve", ["amount": 9])
            try await time.sleep(for: .seconds(1))
            try await Self.pay(world, time)
            try await time.sleep(for: .seconds(2))
            let cancel = "/v1/runs/\(asking):cancel"
            #expect(try await world.send("POST", cancel, as: .operator, [:]).status == 200)
            try await time.sleep(for: .seconds(2))
            let secret = world.secrets[.admin]
            func kinds(_ query: (String, String)...) async throws -> [String] {
                try await Self.heard(world, secret, from: "4.0", query).map(\.kind)
            }
            let below = ["run_started", "run_completed"]
            #expect(try await kinds(("flow", "pay")) == below)
            // With the run below.
            #expect(try await kinds(("run", outer)).sorted() == (below + below).sorted())
            // People's acts on it and its own questions are entries of the log.
            let told = try await kinds(("run", asking))
            #expect(
                told.filter { $0.hasPrefix("run_") } == [
                    "run_started", "run_undoing", "run_cancelled",
                ]
            )
            #expect(told.contains("review_opened") && told.contains("administered"))
            #expect(try await kinds(("flow", "approve")) == told)
            #expect(
                try await kinds(("kind", "run_completed")) == ["run_completed", "run_completed"]
            )
            #expect(
                try await kinds(("kind", "run_cancelled"), ("kind", "administered"))
                    == ["administered", "run_cancelled"]
            )
            #expect(try await kinds(("flow", "none")).isEmpty)
            #expect(try await kinds(("policy", "refund")).isEmpty)
        }
    }

    @Test func `who comes back too late is told what is missing, if they asked for it`()
        async throws
    {
        try await serving(runChanges: 5) { world, time in
            let count = UInt64(Storage.Limits.runChangesLot + 5)
            let writes = (1...count).map { number in
                let run = Run(
                    id: StoreFixture.id(number),
                    root: StoreFixture.id(number),
                    plan: Run.Plan(flow: "pay", release: StoreFixture.release),
                    parent: nil,
                    caller: "agent",
                    startedAt: time.now,
                    input: .inline(.null)
                )
                return RunWrite(run, after: nil)
            }
            _ = try await world.store.commit([Change(entries: [], runs: writes)])
            let secret = world.secrets[.agent]
            let events = try await Self.heard(world, secret, from: "4.7")
            #expect(events.count == 6)
            #expect(events[0].kind == "run_gap")
            #expect(events[0].position == "4.1000")
            #expect(events[0].data["from"] == 8 && events[0].data["to"] == 1_000)
            #expect(events[0].data["detail"]?.string?.contains("/v1/runs") == true)
            #expect(events[1...].map(\.position) == (1_001...1_005).map { "4.\($0)" })
            #expect(try await Self.heard(world, secret, from: "4.1000").count == 5)
            let paused = [("kind", "run_paused")]
            #expect(try await Self.heard(world, secret, from: "4.7", paused).count == 1)
            for query in [("kind", "decided"), ("policy", "refund")] {
                #expect(try await Self.heard(world, secret, from: "4.7", [query]).isEmpty)
            }
        }
    }
}
