/// Flows made up by chance: every kind of step, and every way to fail, in a few lines each.
struct FlowGenerator {
    static let kinds = ["pack", "ship"]
    static let events = ["paid", "seen"]
    /// A caller's flow, which may start the second, which may start the third.
    static let names = ["first", "second", "third"]

    private let dice: Dice
    /// What says which flows and steps have a rate, if any have; the other dice do not know of it.
    private let rates: Dice?
    /// What says how long a call may take, where calls take the place of sleep.
    private let calls: Dice?
    /// What says how a step fails that only holds others, where conditions may have no value.
    private let gaps: Dice?
    private let flow: Int
    private var count = 0
    /// Outputs that are there for certain where the next step stands, as expressions.
    private var known: [String] = []
    private var items: [String] = []

    /// A workspace of three flows and two policies.
    static func files(_ dice: Dice, rates: Dice?, calls: Dice?, gaps: Dice?) -> [String: String] {
        var files = [
            "stepgate.yaml": "models: {}",
            "Policies/judge.yaml": judge(approvals: dice.within(1...2)),
        ]
        for (number, name) in names.enumerated() {
            var generator = FlowGenerator(
                dice: dice,
                rates: rates,
                calls: calls,
                gaps: gaps,
                flow: number
            )
            files["Flows/\(name).yaml"] = generator.text(name)
        }
        return files
    }

    private static func judge(approvals: Int) -> String {
        """
        policy: judge
        autonomy: manual
        input: {amount: integer}
        output: {n: integer}
        rules:
          - {id: small, when: input.amount % 3 == 0, decide: {n: 1}}
          - {id: odd, when: input.amount % 3 == 1, review: odd}
        review: {queue: judged, approvals: \(approvals)}
        """
    }

    private init(dice: Dice, rates: Dice?, calls: Dice?, gaps: Dice?, flow: Int) {
        self.dice = dice
        self.rates = rates
        self.calls = calls
        self.gaps = gaps
        self.flow = flow
    }

    private mutating func text(_ name: String) -> String {
        var lines = [
            "flow: \(name)", "stages: [one, two]", "input: {amount: integer, tags(array): string}",
            "fields: {amount: integer, note: string}",
        ]
        if flow == 0, dice.happens(600) {
            let then = dice.pick(["queue", "queue", "cancel_old", "refuse"])
            let limit = dice.within(1...2)
            lines.append("concurrency: {key: input.amount % 2, limit: \(limit), then: \(then)}")
        }
        if let rates, rates.happens(500) { lines.append("rate: \(Self.rate(rates))") }
        lines.append("steps:")
        lines.append("  - {id: opened, stage: one, set: {note: \"${{ run.id }}\"}}")
        for _ in 0..<dice.within(2...4) { lines.append("  - " + step(depth: 0)) }
        lines.append("  - {id: closed, stage: two, set: {amount: \"${{ \(number) }}\"}}")
        lines.append("output: {n: \"${{ \(number) }}\"}")
        return lines.joined(separator: "\n")
    }

    /// An integer that is there.
    private var number: String {
        let sources = known + ["input.amount", "size(input.tags)", "input.amount + 1"]
        return dice.pick(sources)
    }

    // MARK: Steps

    private mutating func step(depth: Int) -> String {
        count += 1
        let id = "s\(count)"
        switch dice.below(depth == 0 ? 24 : 18) {
        case 18...19: return parallel(id, depth)
        case 20...21: return each(id, depth)
        case 22...23: return choose(id, depth)
        case 16...17 where flow < 2: return subflow(id, depth)
        case 13...14 where calls != nil:
            let deadline = calls?.within(3...9) ?? 0
            return plain(id, "wait: {callback: {}}, deadline: \(deadline)s")
        case 13:
            return plain(id, "sleep: \"\(dice.pick(["1s", "3s", "8s", "${{ duration('2s') }}"]))\"")
        case 14:
            return plain(id, "wait: {until: \"${{ now + duration('\(dice.within(1...9))s') }}\"}")
        case let kind: return leaf(id, kind, depth)
        }
    }

    private mutating func plain(_ id: String, _ work: String) -> String {
        "{id: \(id), \(work)\(condition)}"
    }

    private var condition: String {
        guard dice.happens(150) else { return "" }
        return ", when: \"\(choice) == \(dice.below(2))\""
    }

    /// 0 or 1; where there are gaps it has no value for one input in five.
    private var choice: String { "\(number)\(gaps == nil ? "" : " / (input.amount % 5)") % 2" }

    private mutating func leaf(_ id: String, _ kind: Int, _ depth: Int) -> String {
        let work: String
        var path = "n"
        switch kind {
        case 0...3, 15...17: work = external
        case 4...6:
            work = http
            path = "body.n"
        case 7...8: work = "decide: judge, with: {amount: \"${{ \(number) }}\"}"
        case 9: work = review
        case 10: work = "wait: {callback: {output: {n: integer}}}"
        case 11:
            let about = dice.within(0...1) == 0 ? "" : " && event.about == input.amount % 2"
            work =
                "wait: {event: {type: \(dice.pick(Self.events)), match: event.n % 2 == 0\(about)}}"
            path = ""
        default:
            // Has no value for one input in five.
            work = "set: {n: \"${{ 10 / (input.amount % 5) }}\"}"
        }
        if kind == 9 { path = "" }
        return worked(id, work, path, depth)
    }

    private var external: String {
        "work: {kind: \(dice.pick(Self.kinds)), output: {n: integer}}, "
            + "with: {x: \"${{ \(number) }}\"}"
    }

    private var http: String {
        "http: {method: POST, url: \"http://service.example/call\", "
            + "body: {x: \"${{ \(number) }}\"}, response: {n: integer}}"
    }

    private var review: String {
        let output = dice.happens(500) ? ", output: {n: integer}" : ""
        return "review: {queue: asked, approvals: \(dice.within(1...2)), because: Asked, "
            + "show: {x: \"${{ \(number) }}\"}\(output)}"
    }

    /// A step with what it says of failures; `path` is where its number is in its output.
    private mutating func worked(
        _ id: String,
        _ work: String,
        _ path: String,
        _ depth: Int
    ) -> String {
        let condition = condition
        var text = "{id: \(id), \(work)\(condition)"
        if dice.happens(500) { text += ", retry: \(retry)" }
        if dice.happens(500) { text += ", timeout: \(dice.within(2...12))s" }
        if dice.happens(350) { text += ", deadline: \(dice.within(5...40))s" }
        if dice.happens(150) { text += ", stage: \(dice.pick(["one", "two"]))" }
        if let rates, isAsked(work), rates.happens(600) { text += ", rate: \(Self.rate(rates))" }
        var isSure = condition.isEmpty
        if dice.happens(700) {
            let failure = onFailure(depth)
            text += ", on_failure: \(failure)"
            if failure == "continue" || failure.hasPrefix("{") { isSure = false }
        }
        if dice.happens(350) { text += ", undo: {\(undo)}" }
        if isSure, !path.isEmpty { known.append("steps.\(id).output.\(path)") }
        return text + "}"
    }

    private static func rate(_ rates: Dice) -> String {
        rates.pick(["1/s", "30/m:1", "12/m:1", "6/m:1", "20/m:2"])
    }

    private func isAsked(_ work: String) -> Bool {
        ["work:", "http:", "decide:", "review:"].contains { work.hasPrefix($0) }
    }

    private var retry: String {
        let on = dice.pick([
            "", "", ", on: [deadline, worker]", ", on: [lease, 5xx, timeout]", ", on: [deadline]",
        ])
        return "{attempts: \(dice.within(2...4)), backoff: 200ms..4s\(on)}"
    }

    private mutating func onFailure(_ depth: Int) -> String {
        switch dice.below(depth > 1 ? 7 : 9) {
        case 0: return "pause"
        case 1...2: return "dead_letter"
        case 3...5: return "abort"
        case 6: return "continue"
        default:
            let outside = known
            defer { known = outside }
            return "{do: [\(step(depth: 2))]}"
        }
    }

    private var undo: String {
        switch dice.below(6) {
        case 0...1: external
        case 2: http
        case 3: "set: {note: undone}"
        case 4: "decide: judge, with: {amount: \"${{ \(number) }}\"}"
        default:
            flow < 2 ? "flow: third, with: \(given)" : external
        }
    }

    private var given: String { "{amount: \"${{ \(number) }}\", tags: [a]}" }

    private mutating func subflow(_ id: String, _ depth: Int) -> String {
        let name = flow == 0 ? dice.pick(["second", "third"]) : "third"
        return worked(id, "flow: \(name), with: \(given)", "n", depth)
    }

    // MARK: Steps that hold steps

    private mutating func steps(_ count: Int, _ depth: Int) -> String {
        let outside = known
        defer { known = outside }
        return (0..<count).map { _ in step(depth: depth + 1) }.joined(separator: ", ")
    }

    private mutating func parallel(_ id: String, _ depth: Int) -> String {
        let names = ["left", "right", "middle"].prefix(dice.within(2...3))
        let branches = names.map { "\($0): [\(steps(dice.within(1...2), depth))]" }
        return "{id: \(id), parallel: {\(branches.joined(separator: ", "))}\(gap(depth))}"
    }

    /// What is said of a step whose own expressions alone can fail.
    private mutating func gap(_ depth: Int) -> String {
        guard let gaps else { return "" }
        let condition = gaps.happens(300) ? ", when: \"\(choice) == 0\"" : ""
        return condition + (gaps.happens(700) ? ", on_failure: \(onFailure(depth))" : "")
    }

    private mutating func each(_ id: String, _ depth: Int) -> String {
        let limit = dice.within(1...4)
        let failure = dice.pick(["", ", on_failure: continue", ", on_failure: abort"])
        let deadline = dice.happens(250) ? ", deadline: \(dice.within(10...40))s" : ""
        return "{id: \(id), each: {in: input.tags, as: tag, limit: \(limit), "
            + "do: [\(steps(dice.within(1...2), depth))]}\(failure)\(deadline)}"
    }

    private mutating func choose(_ id: String, _ depth: Int) -> String {
        let condition = "\(choice) == 0"
        let first = steps(1, depth)
        return "{id: \(id), switch: [{when: \"\(condition)\", do: [\(first)]}, "
            + "{else: [\(steps(1, depth))]}]\(gap(depth))}"
    }
}
