import Runs
import Storage
@testable import StorageSQLite
import TestSupport
import Testing
import Values

/// How SQLite finds runs and steps: along an index, however many there are.
struct RunPlanTests {
    private typealias F = RunFixture
    private let connection: SQLiteConnection

    init() async throws {
        let stores = try RunStores()
        let store = try SQLiteStore(
            stores.path,
            mode: .engine,
            secret: [UInt8](repeating: 1, count: 32)
        )
        for number in 1...40 as ClosedRange<UInt64> {
            var run = F.run(number, flow: number % 2 == 0 ? "f" : "g", key: "k")
            run.stage = "a"
            run.fields = ["amount": .int(Int64(number))]
            if number % 4 == 0 { run.state = .completed }
            try await store.insert(run, F.step(0))
        }
        await store.close()
        connection = try SQLiteConnection(stores.path, readOnly: true)
    }

    /// The lines of the plan.
    private func plan(_ sql: String) throws -> [String] {
        try connection.rows("EXPLAIN QUERY PLAN " + sql).compactMap { $0[3].text }
    }

    private func expectIndexed(_ sql: String, _ index: String, sorted: Bool = false) throws {
        let lines = try plan(sql)
        #expect(lines.contains { $0.contains(index) }, "\(sql): \(lines)")
        // A list made within the statement is no table of the store, and leases are few.
        let small = ["SCAN flows", "SCAN tree", "SCAN o", "CONSTANT ROW", "INDEX steps_leased"]
        let scans = lines.filter { line in
            line.hasPrefix("SCAN") && !small.contains { line.contains($0) }
        }
        #expect(scans.isEmpty, "\(sql): \(lines)")
        #expect(lines.contains { $0.contains("TEMP B-TREE") } == sorted, "\(sql): \(lines)")
    }

    @Test func `what is ready, due or waited for is found along its index, in order`() throws {
        try expectIndexed(Rows.ready, "INDEX steps_ready (work=? AND flow=?)")
        try expectIndexed(Rows.readyFlows, "INDEX steps_ready (work=? AND flow>?)")
        try expectIndexed(Rows.due, "INDEX steps_due (due_at<?)")
        try expectIndexed(
            Rows.waiters,
            "INDEX steps_wait (wait_kind=? AND wait_key=? AND (since,run,step)>(?,?,?))"
        )
        try expectIndexed(
            Rows.waitKey,
            "INDEX steps_wait (wait_kind=? AND wait_key>? AND wait_key<?)"
        )
        try expectIndexed(Rows.nextForSlot, "INDEX steps_wait (wait_kind=? AND wait_key=?)")
        try expectIndexed(Rows.waitersForDecision, "INDEX steps_wait (wait_kind=? AND wait_key=?)")
        try expectIndexed(Rows.nextDue, "INDEX steps_due (due_at>?)")
        try expectIndexed(Rows.leases, "INDEX steps_leased ((run,step)>(?,?))")
    }

    @Test func `changes of runs are read along their numbers, and the last is found at once`()
        throws
    {
        try expectIndexed(Rows.runChanges, "INTEGER PRIMARY KEY (rowid>?)")
        try expectIndexed("SELECT max(number) FROM run_changes", "SEARCH run_changes")
        try expectIndexed("DELETE FROM run_changes WHERE number<=?", "INTEGER PRIMARY KEY")
    }

    private func expectListed(
        _ index: String,
        sorted: Bool = false,
        _ set: (inout RunQuery) -> Void
    ) throws {
        var query = RunQuery()
        set(&query)
        for after in [nil, RunQuery.Cursor(value: 1, run: F.id(9))] {
            query.after = after
            let parts = try RunListing(query, connection).parts()
            #expect(!parts.isEmpty)
            for part in parts { try expectIndexed(part.sql, index, sorted: sorted) }
        }
    }

    @Test func `every list of runs is read along an index, in order`() throws {
        try expectListed("INDEX runs_list (flow=? AND state=? AND kind=?") { _ in }
        try expectListed("INDEX runs_list (flow=? AND state=? AND kind=?") {
            ($0.flow, $0.states, $0.sort) = ("f", [.running], .oldest)
        }
        try expectListed("INDEX runs_stage (flow=? AND stage=?") { $0.sort = .longestInStage }
        try expectListed("INDEX runs_stage (flow=? AND stage=?") {
            ($0.stage, $0.stageBefore, $0.sort) = ("a", F.now, .longestInStage)
        }
        try expectListed("PRIMARY KEY (flow=? AND field=?") {
            $0.sort = .field("amount", descending: true)
        }
        try expectListed("PRIMARY KEY (flow=? AND field=? AND value=?") {
            $0.conditions = [.init("amount", .equal, 3)]
        }
        // A key, a tree and an each are small against all runs, and sorted.
        try expectListed("INDEX runs_key (key=?)", sorted: true) {
            ($0.key, $0.states) = ("k", [.running])
        }
        try expectListed("INDEX runs_children (parent=?)", sorted: true) { $0.parent = F.id(1) }
        try expectListed("INDEX runs_children (parent=?)", sorted: true) { $0.root = F.id(1) }
        for index in ["INDEX steps_leased", "INDEX review_people_person (person=? AND until>?)"] {
            try expectListed(index, sorted: true) { $0.owner = RunQuery.Owner("ann", at: F.now) }
        }
    }
}
