import Engine
import Flows
import Reviews
import Runs
import Storage
import Values

/// Those who start runs, act on them and answer reviews.
struct SimulatedPeople: Sendable {
    let world: SimulatedWorld
    let dice: Dice

    private func pause(_ range: ClosedRange<Int>) async { await world.sleep(dice.time(range)) }

    /// Notes what must not be; whatever else went wrong may be tried again.
    private func judge(_ error: EngineError, _ run: Identifier) {
        SimulatedWorld.judge(error, of: run, world.findings)
    }

    // MARK: Callers

    func start(_ count: Int) async {
        for number in 0..<count {
            let tags = ["a", "b", "c", "d", "e"].prefix(dice.within(0...5))
            let input: JSON = [
                "amount": .int(Int64(dice.below(10))), "tags": .array(tags.map { .string($0) }),
            ]
            let flow = dice.pick(["first", "first", "first", "second"])
            var starts = [start(flow, input, "\(number)")]
            // Several in one commit.
            if flow == "second" { starts.append(start("third", input, "\(number)-more")) }
            for _ in 0..<dice.within(1...3) {
                await start(starts)
                await pause(0...2_000)
            }
            await pause(0...4_000)
        }
    }

    private func start(_ flow: String, _ input: JSON, _ key: String) -> RunStart {
        RunStart(
            flow: flow,
            input: input,
            key: .init(scope: "caller", key: key),
            priority: dice.below(2),
            caller: "caller"
        )
    }

    private func start(_ starts: [RunStart]) async {
        do throws(EngineError) {
            let results = try await world.desks(dice).runs.start(starts)
            for (start, result) in zip(starts, results) {
                switch result {
                case .started(let run): note(run.id, start, isNew: true)
                case .known(let run): note(run, start, isNew: false)
                case .keyTaken(let run):
                    world.findings.add(.startOnce, run, "the input was the same")
                case .refused, .full: continue
                }
            }
        } catch {
            return
        }
    }

    private func note(_ run: Identifier, _ start: RunStart, isNew: Bool) {
        world.promises.add(.started(run))
        guard let key = start.key?.key, world.promises.claims(key, run) else {
            return world.findings.add(.startOnce, run, "its key started another before")
        }
    }

    // MARK: Operators

    func operate() async {
        var number = 0
        while !world.weather.isCalm {
            await pause(300...6_000)
            number += 1
            let runs = world.journal.look { $0.runs.values.sorted { $0.id < $1.id } }
            let live = runs.filter { !$0.state.isFinal }
            guard let run = (dice.happens(850) && !live.isEmpty ? live : runs).randomOne(dice)
            else {
                continue
            }
            guard let act = act(on: run) else { continue }
            let name = "operator-\(number)"
            do throws(EngineError) {
                _ = try await world.desks(dice).runs.act(act, on: run.id, by: name)
                world.promises.add(.acted(run.id, by: name))
            } catch {
                judge(error, run.id)
            }
        }
    }

    private func act(on run: Run) -> RunAct? {
        let failed = run.active.values.filter { $0.failure != nil }.map(\.step).sorted()
        let active = run.active.keys.filter { $0 >= 0 }.sorted()
        switch dice.below(12) {
        case 0...1: return .pause
        case 2...4: return run.state == .paused ? .resume : .pause
        case 5: return .cancel(undoing: dice.happens(600))
        case 6...7:
            guard let step = failed.randomOne(dice) else { return .resume }
            return .retry(step: step, input: dice.happens(200) ? ["amount": 3] : nil)
        case 8:
            guard let step = active.randomOne(dice) else { return .resume }
            return .skip(step: step, output: dice.happens(700) ? ["n": 4] : nil)
        case 9:
            let steps = world.journal.flow(of: run).steps.count
            return .restart(from: dice.below(steps))
        default: return .resume
        }
    }

    // MARK: Reviewers

    func review() async {
        while !world.weather.isCalm {
            await pause(300...5_000)
            _ = await reviewOne()
        }
    }

    private func reviewOne() async -> Bool {
        do throws(StoreError) {
            let open = try await world.memory.reviews(ReviewQuery())
            guard let review = open.randomOne(dice) else { return false }
            let person = dice.pick(["ann", "ben", "cleo"])
            let act: ReviewAct =
                switch dice.below(10) {
                case 0: .claim
                case 1: .release
                case 2: .reject(reason: "no")
                case 3: .approve
                default: review.candidate == nil ? .decide(["n": 5]) : .approve
                }
            do throws(EngineError) {
                let result = try await world.desks(dice).reviews.act(act, on: review.id, by: person)
                if result.effect == .settled || result.effect == .rejected {
                    world.promises.add(.reviewed(decision: review.decision))
                }
                return true
            } catch {
                return false
            }
        } catch {
            return false
        }
    }

    /// Answers all that is open, in calm weather; whether there was any.
    func answerAll() async throws -> Bool {
        let open = try await world.memory.reviews(ReviewQuery())
        guard let desks = world.engine else { return !open.isEmpty }
        for review in open {
            for person in ["ann", "ben", "cleo"] {
                let candidate = try await world.memory.review(review.id)?.candidate
                let act: ReviewAct = candidate == nil ? .decide(["n": 5]) : .approve
                do throws(EngineError) {
                    _ = try await desks.reviews.act(act, on: review.id, by: person)
                } catch {
                    // It is settled, or a lease on it lasts a little longer.
                    continue
                }
            }
        }
        return !open.isEmpty
    }
}

extension Array {
    func randomOne(_ dice: Dice) -> Element? { isEmpty ? nil : dice.pick(self) }
}
