import Engine
import Runs
import Storage
import TestSupport
import Values

/// External workers, and those who call back and tell of events.
struct SimulatedWorkers: Sendable {
    let world: SimulatedWorld
    let dice: Dice

    private func pause(_ range: ClosedRange<Int>) async { await world.sleep(dice.time(range)) }

    // MARK: Work

    func work(as name: String) async {
        await withDiscardingTaskGroup { group in
            while !world.weather.isCalm {
                await pause(200...2_500)
                for item in await claim(name) {
                    group.addTask { await attempt(item) }
                }
            }
        }
    }

    private func claim(_ name: String) async -> [WorkItem] {
        do throws(EngineError) {
            return try await world.desks(dice).runs.claimWork(
                kinds: dice.happens(500) ? FlowGenerator.kinds : [dice.pick(FlowGenerator.kinds)],
                by: name,
                limit: dice.within(1...3),
                lease: dice.happens(700) ? .seconds(dice.within(2...8)) : nil
            )
        } catch {
            return []
        }
    }

    /// Does one attempt as workers do: well, late, twice, wrongly, or never.
    private func attempt(_ item: WorkItem) async {
        switch dice.below(12) {
        case 0: return
        case 1: await pause(8_000...20_000)
        case 2:
            await pause(500...1_500)
            await extend(item)
            await pause(500...6_000)
        default: await pause(10...1_500)
        }
        let times = dice.happens(150) ? 2 : 1
        let succeeds = dice.happens(700)
        let epoch = dice.happens(60) ? item.epoch + Int64(dice.pick([-2, -1, 1, 2])) : item.epoch
        for _ in 0..<times {
            if succeeds { await complete(item, epoch) } else { await fail(item, epoch) }
            if times > 1 { await pause(0...3_000) }
        }
    }

    private func extend(_ item: WorkItem) async {
        do throws(EngineError) {
            _ = try await world.desks(dice).runs.extendWork(
                item.run,
                step: item.number,
                epoch: item.epoch,
                by: .seconds(dice.within(2...10))
            )
        } catch {
            return
        }
    }

    private func complete(_ item: WorkItem, _ epoch: Int64) async {
        do throws(EngineError) {
            let output: JSON = dice.happens(50) ? ["m": 1] : ["n": .int(Int64(dice.below(9)))]
            _ = try await world.desks(dice).runs.completeWork(
                item.run,
                step: item.number,
                epoch: epoch,
                output: output
            )
            world.promises.add(.succeeded(item.run, step: item.number, epoch: epoch))
        } catch {
            SimulatedWorld.judge(error, of: item.run, world.findings)
        }
    }

    private func fail(_ item: WorkItem, _ epoch: Int64) async {
        do throws(EngineError) {
            _ = try await world.desks(dice).runs.failWork(
                item.run,
                step: item.number,
                epoch: epoch,
                message: "no",
                mayPass: dice.happens(600)
            )
            world.promises.add(.failed(item.run, step: item.number, epoch: epoch))
        } catch {
            SimulatedWorld.judge(error, of: item.run, world.findings)
        }
    }

    /// Does all work there is, in calm weather; whether there was any.
    func workAll() async throws -> Bool {
        guard let desk = world.engine?.runs else { return true }
        let items = try await desk.claimWork(
            kinds: FlowGenerator.kinds,
            by: "last",
            limit: 100,
            lease: nil
        )
        for item in items {
            _ = try await desk.completeWork(
                item.run,
                step: item.number,
                epoch: item.epoch,
                output: ["n": 2]
            )
        }
        return !items.isEmpty
    }

    // MARK: From outside

    private var waiting: [(run: Run, step: ActiveStep)] {
        world.journal.look { book in
            book.runs.values.sorted { $0.id < $1.id }.flatMap { run in
                run.active.values.sorted { $0.step < $1.step }.filter { step in
                    switch step.wait {
                    case .callback?, .event?: true
                    default: false
                    }
                }.map { (run, $0) }
            }
        }
    }

    func call() async {
        var tokens: [CallbackToken] = []
        while !world.weather.isCalm {
            await pause(500...4_000)
            for (run, step) in waiting where step.wait == .callback {
                tokens.append(CallbackToken(run: run.id, step: step.step, epoch: step.epoch))
            }
            if let token = Array(tokens.suffix(20)).randomOne(dice) { await call(token) }
            if dice.happens(600) { await tell(dice.pick(FlowGenerator.events)) }
        }
    }

    /// Has what is waited for come while its run is paused, which goes on only after the deadline.
    func callThePaused() async {
        var number = 0
        while !world.weather.isCalm {
            await pause(500...4_000)
            let known = waiting.filter { run, step in
                step.wait == .callback && step.dueAt != nil && run.state == .running
            }
            guard let (run, step) = known.randomOne(dice), let dueAt = step.dueAt else { continue }
            number += 1
            guard await act(.pause, on: run, "pauser-\(number)") else { continue }
            await call(CallbackToken(run: run.id, step: step.step, epoch: step.epoch))
            await world.sleep(max(dueAt - world.clock.now, .zero) + dice.time(0...2_000))
            _ = await act(.resume, on: run, "resumer-\(number)")
        }
    }

    private func act(_ act: RunAct, on run: Run, _ name: String) async -> Bool {
        do throws(EngineError) {
            _ = try await world.desks(dice).runs.act(act, on: run.id, by: name)
            world.promises.add(.acted(run.id, by: name))
            return true
        } catch {
            SimulatedWorld.judge(error, of: run.id, world.findings)
            return false
        }
    }

    private func call(_ token: CallbackToken) async {
        do throws(EngineError) {
            let body: JSON = dice.happens(100) ? ["m": 1] : ["n": 6]
            if try await world.desks(dice).runs.arrived(body, at: token) {
                world.promises.add(
                    .arrived(token.run, step: token.step, epoch: token.epoch)
                )
            }
        } catch {
            SimulatedWorld.judge(error, of: token.run, world.findings)
        }
    }

    private func tell(_ type: String) async {
        do throws(EngineError) {
            let event: JSON = [
                "n": .int(Int64(dice.below(4))), "about": .int(Int64(dice.below(2))),
            ]
            _ = try await world.desks(dice).runs.arrived(event: event, type: type)
        } catch {
            return
        }
    }

    /// Brings everything that is waited for, in calm weather; whether anything was.
    func callAll() async throws -> Bool {
        guard let desk = world.engine?.runs else { return true }
        var isAny = false
        for (run, step) in waiting {
            switch step.wait {
            case .callback?:
                let token = CallbackToken(run: run.id, step: step.step, epoch: step.epoch)
                let came = try await world.memory.signals(of: [run.id], limit: 100)
                if try await desk.arrived(["n": 6], at: token) {
                    isAny = true
                } else if try await world.memory.run(run.id) == run,
                    !came.contains(where: { $0.step == step.step })
                {
                    world.findings.add(.takesWhatCame, run.id, "step \(step.step) was called")
                }
            case .event(let type, _)?:
                for about in 0...1 as ClosedRange<Int64> {
                    let event: JSON = ["n": 2, "about": .int(about)]
                    if try await desk.arrived(event: event, type: type).taken > 0 { isAny = true }
                }
            default: continue
            }
        }
        return isAny
    }
}
