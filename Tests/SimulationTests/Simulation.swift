import Engine
import Models
import Runs
import Storage
import TestSupport
import Values

/// One seed from its first run to its rest.
struct Simulation: Sendable {
    struct Outcome: Sendable {
        let seed: UInt64
        let trace: Digest
        let commits: Int
        let runs: Int
        let promises: Int
        let findings: [Finding]
        /// The flows, and the histories of the runs with which something is wrong.
        let report: String
    }

    let seed: UInt64

    func run() async throws -> Outcome {
        try await VirtualTime.run { time in
            let world = try SimulatedWorld(seed: seed, time: time)
            try await live(in: world)
            return await outcome(of: world)
        }
    }

    private func live(in world: SimulatedWorld) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { await world.serve() }
            try await storm(world)
            try await calm(world)
            world.end()
            try await group.waitForAll()
        }
        guard world.findings.isEmpty else { return }
        let inspector = Inspector(store: world.memory, journal: world.journal)
        try await inspector.inspectEnd()
        try await world.promises.check(world.memory, world.findings)
    }

    /// Everybody does what they do, and everything goes wrong.
    private func storm(_ world: SimulatedWorld) async throws {
        let dice = world.dice.split()
        let length = dice.within(15...60)
        let people = SimulatedPeople(world: world, dice: dice.split())
        let workers = SimulatedWorkers(world: world, dice: dice.split())
        try await withThrowingTaskGroup { group in
            group.addTask { await people.start(dice.within(2...7)) }
            group.addTask { await people.operate() }
            for _ in 0..<2 { group.addTask { await people.review() } }
            for name in ["wilma", "xaver", "yves"] {
                group.addTask { await workers.work(as: name) }
            }
            group.addTask { await workers.call() }
            if let lateDice = world.lateDice {
                let late = SimulatedWorkers(world: world, dice: lateDice)
                group.addTask { await late.callThePaused() }
            }
            group.addTask { await disturb(world, dice.split()) }
            let inspector = Inspector(store: world.memory, journal: world.journal)
            for _ in 0..<length where world.findings.isEmpty {
                await world.sleep(.seconds(1))
                try await inspector.inspect()
            }
            world.weather.calm()
            try await group.waitForAll()
        }
    }

    /// Ends processes at any moment, and sets the clock.
    private func disturb(_ world: SimulatedWorld, _ dice: Dice) async {
        let kills = dice.pick([0, 100, 300])
        let jumps = dice.pick([0, 0, 150])
        while !world.weather.isCalm {
            await world.sleep(dice.time(300...3_000))
            if dice.happens(kills) { world.engine?.process.kill() }
            if dice.happens(jumps) {
                let jump: Duration = .seconds(dice.pick([-3_600, 30, 600]))
                world.clock.jump(by: jump)
            }
        }
    }

    /// Nothing goes wrong any more, and everything is answered, until nothing is left to do.
    private func calm(_ world: SimulatedWorld) async throws {
        let people = SimulatedPeople(world: world, dice: world.dice.split())
        let workers = SimulatedWorkers(world: world, dice: world.dice.split())
        var quiet = 0
        for _ in 0..<400 where world.findings.isEmpty && quiet < 4 {
            await world.sleep(.milliseconds(1_100))
            var isBusy: Bool
            do {
                isBusy = try await workers.workAll()
                if try await people.answerAll() { isBusy = true }
                if try await workers.callAll() { isBusy = true }
            } catch is EngineError {
                // Somebody was faster.
                isBusy = true
            }
            let now = world.clock.now
            let ready = try await world.memory.ready(kind: nil, perFlow: 100, limit: 100)
            if !ready.isEmpty { isBusy = true }
            if let next = try await world.memory.nextDue() {
                isBusy = true
                if now < next, ready.isEmpty { world.clock.skip(next - now) }
            }
            quiet = isBusy ? 0 : quiet + 1
        }
    }

    private func outcome(of world: SimulatedWorld) async -> Outcome {
        let findings = world.findings.all
        return Outcome(
            seed: seed,
            trace: world.journal.trace,
            commits: world.journal.look { $0.commits },
            runs: world.journal.look { $0.runs.count },
            promises: world.promises.count,
            findings: findings,
            report: findings.isEmpty ? "" : report(findings, world)
        )
    }

    private func report(_ findings: [Finding], _ world: SimulatedWorld) -> String {
        var lines = ["seed \(seed):"]
        for finding in findings {
            let run = finding.run.map { " (run \($0))" } ?? ""
            lines.append("- not so: \(finding.invariant.rawValue)\(run): \(finding.message)")
        }
        let longest = world.journal.look { book in
            book.history.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        }
        if let longest, longest.value.count > 200 {
            lines.append("run \(longest.key) has \(longest.value.count) events, the last of them")
            for event in longest.value.suffix(12) {
                lines.append("  " + String(decoding: event.event.storedBytes, as: UTF8.self))
            }
        }
        for run in Set(findings.compactMap(\.run)).sorted() {
            guard let known = world.journal.look({ $0.runs[run] }) else { continue }
            lines.append("run \(run), flow \(known.plan.flow), below \(describe(known.parent)):")
            for event in world.journal.history(of: run).prefix(60) {
                let text = String(decoding: event.event.storedBytes, as: UTF8.self)
                lines.append("  \(event.number) \(event.at.rfc3339) \(text)")
            }
            lines.append("  is \(known.state.rawValue): \(known.reason ?? "")")
            for step in known.active.values.sorted(by: { $0.step < $1.step }) {
                lines.append("  step \(step.step) at \(step.epoch): \(step.state)")
            }
        }
        for name in FlowGenerator.names { lines.append(world.texts["Flows/\(name).yaml"] ?? "") }
        return lines.joined(separator: "\n")
    }

    private func describe(_ parent: Run.Parent?) -> String {
        parent.map { "\($0.run) step \($0.step) item \($0.item)" } ?? "none"
    }
}
