import Decisions
import Foundation
import Runs
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values

/// Runs that differ in what matters to a store.
enum RunFixture {
    static let now = StoreFixture.now
    static let id = StoreFixture.id

    static func run(
        _ number: UInt64,
        flow: String = "f",
        parent: Run? = nil,
        step: Int = 0,
        each: Int? = nil,
        priority: Int = 0,
        key: String? = nil,
        state: RunState = .running
    ) -> Run {
        let above = parent.map {
            Run.Parent(
                run: $0.id,
                step: step,
                item: 0,
                generation: 1,
                depth: ($0.parent?.depth ?? 0) + 1
            )
        }
        return Run(
            id: id(number),
            root: parent?.root ?? id(number),
            plan: Run.Plan(flow: flow, release: StoreFixture.release, each: each),
            parent: above,
            caller: "c",
            startedAt: now + .milliseconds(Int64(number)),
            priority: priority,
            key: key,
            input: .inline(["n": .int(Int64(number))]),
            state: state
        )
    }

    static func step(
        _ number: Int,
        _ state: ActiveStep.State = .ready,
        kind: String? = nil,
        after seconds: Int64 = 0,
        deadline: Int64? = nil
    ) -> ActiveStep {
        ActiveStep(
            step: number,
            kind: kind,
            state: state,
            at: now + .seconds(seconds),
            deadline: deadline.map { now + .seconds($0) }
        )
    }
}

/// A store of each kind, made anew for each test.
struct RunStores {
    enum Kind: CaseIterable, Sendable { case memory, sqlite }

    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/store.db"
    }

    func store(_ kind: Kind) throws -> any Store {
        let secret = [UInt8](repeating: 1, count: 32)
        return switch kind {
        case .memory: MemoryStore(secret: secret)
        case .sqlite: try SQLiteStore(path, mode: .engine, secret: secret)
        }
    }
}

extension Store {
    /// Commits one change of runs alone.
    func commit(_ writes: RunWrite...) async throws -> CommitResult {
        try #require(try await commit([Change(entries: [], runs: writes)]).first)
    }

    /// Keeps a run that is new, and reads it back.
    @discardableResult
    func insert(_ run: Run, _ steps: ActiveStep...) async throws -> Run {
        var run = run
        for step in steps { run.active[step.step] = step }
        let result = try await commit(RunWrite(run, after: nil))
        try #require(result.isCommitted)
        return try #require(try await self.run(run.id))
    }

    /// Changes a run, and reads it back.
    @discardableResult
    func change(_ id: Identifier, _ change: (inout Run) -> Void) async throws -> Run {
        let before = try #require(try await run(id))
        var after = before
        change(&after)
        let result = try await commit(RunWrite(after, after: before))
        try #require(result.isCommitted)
        return try #require(try await run(id))
    }

    func contents(of run: Identifier) async throws -> [Signal.Content] {
        try await signals(of: [run], limit: 1_000).map(\.content)
    }

    func readyRuns(kind: String? = nil) async throws -> [Identifier] {
        try await ready(kind: kind, perFlow: 1_000, limit: 1_000).map(\.run)
    }
}
