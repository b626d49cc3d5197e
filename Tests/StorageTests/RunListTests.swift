import Runs
import Storage
import TestSupport
import Testing
import Values

/// What is found of runs and their steps, in every store.
struct RunListTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    @Test(arguments: RunStores.Kind.allCases)
    func `each flow gets its share of the ready steps, the highest priority first`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for number in 1...20 as ClosedRange<UInt64> {
            let step = F.step(0, after: 100 + Int64(number))
            let priority = number == 9 ? 5 : 0
            try await store.insert(F.run(number, flow: "busy", priority: priority), step)
        }
        try await store.insert(F.run(30, flow: "rare"), F.step(0, after: 50))
        try await store.insert(F.run(31, flow: "work"), F.step(0, kind: "ocr"))
        try await store.insert(F.run(32, flow: "held", state: .paused), F.step(0))
        try await store.insert(F.run(33, flow: "dead", state: .dead), F.step(0))
        let ready = try await store.ready(kind: nil, perFlow: 3, limit: 10)
        #expect(ready.map(\.run) == [F.id(30), F.id(9), F.id(1), F.id(2)])
        #expect(
            ready[1]
                == StepPlace(
                    run: F.id(9),
                    step: 0,
                    flow: "busy",
                    priority: 5,
                    since: F.now + .seconds(109),
                    epoch: 1
                )
        )
        #expect(try await store.ready(kind: nil, perFlow: 3, limit: 2).count == 2)
        #expect(try await store.readyRuns(kind: "ocr") == [F.id(31)])
        #expect(try await store.readyRuns(kind: "other").isEmpty)
        // What is held is ready again when its run goes on.
        try await store.change(F.id(32)) { $0.state = .running }
        #expect(try await store.readyRuns().first == F.id(32))
        try await store.change(F.id(30)) { $0.state = .paused }
        #expect(try await !store.readyRuns().contains(F.id(30)))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `what is due is found by its moment, but not in a run that is held`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        #expect(try await store.nextDue() == nil)
        let at = { (seconds: Int64) in F.now + .seconds(seconds) }
        try await store.insert(F.run(1), F.step(0, .waiting(.timer(at(30)))))
        try await store.insert(F.run(2), F.step(0, .leased(by: "w", until: at(20))))
        try await store.insert(F.run(3), F.step(0, .waiting(.event("e")), deadline: 10))
        try await store.insert(F.run(4), F.step(0, .waiting(.person), deadline: 5))
        try await store.insert(F.run(5), F.step(0, .waiting(.event("e"))))
        try await store.insert(F.run(6, state: .paused), F.step(0, .waiting(.timer(at(1)))))
        #expect(try await store.nextDue(after: at(10)) == at(20))
        #expect(try await store.nextDue(after: at(30)) == nil)
        #expect(try await store.nextDue() == at(10))
        #expect(try await store.due(by: at(9), limit: 9).isEmpty)
        #expect(try await store.due(by: at(30), limit: 9).map(\.run) == [3, 2, 1].map(F.id))
        #expect(try await store.due(by: at(30), limit: 1).map(\.run) == [F.id(3)])
        try await store.change(F.id(6)) { $0.state = .running }
        #expect(try await store.nextDue() == at(1))
        try await store.change(F.id(6)) { $0.state = .dead }
        #expect(try await store.nextDue() == at(10))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `leases are found page by page, among all the steps there are`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let until = F.now + .seconds(20)
        for number in 1...7 as ClosedRange<UInt64> {
            let isLeased = number % 3 == 1
            let step = F.step(0, isLeased ? .leased(by: "w", until: until) : .waiting(.person))
            try await store.insert(F.run(number), step)
        }
        var found: [Identifier] = []
        var after: StepKey?
        var pages = 0
        repeat {
            let page = try await store.leases(after: after, limit: 2)
            found += page.map(\.run)
            #expect(page.allSatisfy { $0.since == F.now })
            after = page.last.map { StepKey(run: $0.run, step: $0.step) }
            pages += 1
        } while after != nil
        #expect(found == [1, 4, 7].map(F.id))
        #expect(pages == 3)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `those that wait for the same are found page by page, the longest waiting first`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for number in 1...7 as ClosedRange<UInt64> {
            let type = number == 4 ? "other" : "e"
            // Some began to wait at the same moment.
            let step = F.step(0, .waiting(.event(type)), after: -Int64(number / 2))
            try await store.insert(F.run(number), step)
        }
        var found: [Identifier] = []
        var last: StepPlace?
        repeat {
            let page = try await store.waiters(kind: "event", key: "e", after: last, limit: 2)
            found += page.map(\.run)
            last = page.last
        } while last != nil
        #expect(found == [6, 7, 5, 2, 3, 1].map(F.id))
        #expect(try await store.waiters(kind: "slot", key: "e", after: nil, limit: 9).isEmpty)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `the keys that steps wait by are found in their order, without those between`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for (number, key) in [
            "e", "e\u{1F}a\u{1F}2", "e\u{1F}a\u{1F}1", "e\u{1F}b\u{1F}1", "ex", "d",
        ]
        .enumerated() {
            let wait = EventSubject.read(key).map { Wait.event($0.type, about: $0.about) }
            try await store.insert(
                F.run(UInt64(number) + 1),
                F.step(0, .waiting(wait ?? .event(key)))
            )
        }
        func next(_ after: String) async throws -> String? {
            try await store.waitKey(kind: "event", after: after, before: "e ")
        }
        #expect(try await next("e") == "e\u{1F}a\u{1F}1")
        #expect(try await next("e\u{1F}a ") == "e\u{1F}b\u{1F}1")
        #expect(try await next("e\u{1F}b ") == nil)
        #expect(try await store.waitKey(kind: "slot", after: "", before: "z") == nil)
    }

    /// Every sort and filter, each page by page, in both stores alike.
    @Test(arguments: RunStores.Kind.allCases)
    func `runs are listed by every filter in every order, without a gap between pages`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let all = try await fill(store)
        var queries: [RunQuery] = []
        for sort in [
            RunQuery.Sort.newest, .oldest, .longestInStage,
            .field("amount", descending: false), .field("amount", descending: true),
        ] {
            queries += filters.map { filter in
                var query = RunQuery(limit: 3)
                filter(&query)
                query.sort = sort
                return query
            }
        }
        for query in queries {
            let expected = Self.expected(query, all)
            var found: [RunSummary] = []
            var page = query
            while true {
                let rows = try await store.runs(page)
                found += rows
                guard rows.count == 3, let last = rows.last else { break }
                page.after = query.cursor(last)
            }
            #expect(found.map(\.id) == expected.map(\.id), "\(query)")
            #expect(found == expected.map { RunSummary($0) }, "\(query)")
        }
    }

    private var filters: [(inout RunQuery) -> Void] {
        [
            { _ in }, { $0.flow = "f" }, { $0.flow = "none" }, { $0.states = [.running, .dead] },
            { ($0.states, $0.flow) = ([.completed], "g") }, { $0.kinds = [.root, .item] },
            { $0.stage = "b" }, { ($0.stage, $0.flow, $0.states) = ("a", "f", [.running]) },
            { $0.stageBefore = F.now + .seconds(20) }, { $0.caller = "nobody" },
            { $0.key = "k" }, { ($0.key, $0.states) = ("k", [.running, .dead]) },
            { $0.parent = F.id(1) }, { $0.root = F.id(1) }, { $0.root = F.id(10) },
            { $0.conditions = [.init("amount", .equal, 3)] },
            { $0.conditions = [.init("amount", .greater, 1), .init("amount", .less, 4.5)] },
            { $0.conditions = [.init("gold", .equal, true), .init("amount", .greater, 2)] },
            { $0.conditions = [.init("name", .equal, "n1")] },
            { ($0.flow, $0.conditions) = ("g", [.init("name", .greater, "n1")]) },
            { $0.conditions = [.init("a\"b", .equal, 1)] },
            { $0.conditions = [.init("amount", .equal, .null)] },
        ]
    }

    private func fill(_ store: any Store) async throws -> [Run] {
        var all: [Run] = []
        for number in 1...24 as ClosedRange<UInt64> {
            // Two trees: 1 with 10 to 13 below it, and 20 to 24 below 10.
            let parent =
                (10...13).contains(number) ? all[0] : (20...24).contains(number) ? all[9] : nil
            var run = F.run(
                number,
                flow: number % 3 == 0 ? "g" : "f",
                parent: parent,
                step: 2,
                each: number >= 20 ? 4 : nil,
                key: number % 4 == 0 ? "k" : nil,
                state: [.running, .completed, .dead, .failed, .paused][Int(number % 5)]
            )
            run.stage = [nil, "a", "b"][Int(number / 2 % 3)]
            run.stageSince = F.now + .seconds(Int64(number * 7 % 30))
            let amounts: [JSON] = [1, 2.5, 3, 4, "lots"]
            if number % 6 != 0 { run.fields["amount"] = amounts[Int(number * 3 % 5)] }
            run.fields["gold"] = .bool(number % 2 == 0)
            run.fields["name"] = .string("n\(number % 3)")
            all.append(try await store.insert(run))
        }
        return all
    }

    /// What the list should be, written down once more in the plainest way.
    private static func expected(_ query: RunQuery, _ all: [Run]) -> [Run] {
        func isBelow(_ run: Run, _ root: Identifier) -> Bool {
            run.id == root
                || all.contains { $0.id == run.parent?.run && isBelow($0, root) }
        }
        let found = all.filter { run in
            (query.flow == nil || run.plan.flow == query.flow)
                && (query.states.isEmpty || query.states.contains(run.state))
                && (query.kinds.isEmpty || query.kinds.contains(run.kind))
                && (query.stage == nil || run.stage == query.stage)
                && (query.stageBefore.map { run.stageSince < $0 } ?? true)
                && (query.key == nil || run.key == query.key)
                && (query.caller == nil || run.caller == query.caller)
                && (query.parent == nil || run.parent?.run == query.parent)
                && (query.root.map { isBelow(run, $0) } ?? true)
                && query.conditions.allSatisfy { condition in
                    guard let mine = run.fields[condition.field] else { return false }
                    switch condition.relation {
                    case .equal: return mine == condition.value
                    case .less: return precedes(mine, condition.value)
                    case .greater: return precedes(condition.value, mine)
                    }
                }
        }
        switch query.sort {
        case .newest: return found.sorted { $1.id < $0.id }
        case .oldest: return found.sorted { $0.id < $1.id }
        case .longestInStage:
            return found.filter { $0.stage != nil && !$0.state.isFinal }
                .sorted { ($0.stageSince, $0.id) < ($1.stageSince, $1.id) }
        case .field(let name, let descending):
            let order = found.filter { $0.fields[name] != nil }.sorted { left, right in
                let (a, b) = (left.fields[name] ?? .null, right.fields[name] ?? .null)
                return a == b ? left.id < right.id : precedes(a, b)
            }
            return descending ? order.reversed() : order
        }
    }

    private static func precedes(_ left: JSON, _ right: JSON) -> Bool {
        switch (left.number, right.number) {
        case (let a?, let b?): a < b
        case (_?, nil): right.string != nil
        case (nil, _?): false
        case (nil, nil): (left.string ?? "") < (right.string ?? "")
        }
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `children of a step, live or ended, and live runs on a release, are found`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let parent = try await store.insert(F.run(1), F.step(2, .waiting(.children)))
        for number in 2...6 as ClosedRange<UInt64> {
            let step = number == 4 ? 3 : 2
            try await store.insert(F.run(number, parent: parent, step: step, each: step))
        }
        try await store.change(F.id(3)) { $0.state = .completed }
        func children(
            _ after: Identifier?,
            _ limit: Int,
            live: Bool = true
        ) async throws -> [Identifier] {
            try await store.children(
                of: parent.id,
                step: 2,
                live: live,
                after: after,
                limit: limit
            ).map(\.id)
        }
        #expect(try await children(nil, 2) == [F.id(2), F.id(5)])
        #expect(try await children(F.id(5), 2) == [F.id(6)])
        #expect(try await children(nil, 9, live: false) == [F.id(3)])
        // One that an abort undoes is live again.
        try await store.change(F.id(3)) { $0.state = .undoing }
        #expect(try await children(nil, 9) == [2, 3, 5, 6].map(F.id))
        try await store.change(F.id(3)) { $0.state = .cancelled }
        let pinned = try await store.runs(on: StoreFixture.release, limit: 9)
        #expect(pinned.map(\.id) == [1, 2, 4, 5, 6].map(F.id))
        #expect(try await store.runs(on: Digest(of: [9]), limit: 9).isEmpty)
    }
}
