internal import Decisions
internal import Storage
internal import StorageSQLite

/// Rules decisions over HTTP, each durable before its answer, against a bare answer of the same
/// server library and against the same rows inserted bare.
struct HTTPBenchmark {
    private static let connections = [1, 16, 64, 256]
    private static let inputBytes = [200, 1_000]
    private static let rounds = 3

    private let workspace: BenchWorkspace
    private let subject: BenchWorkspace.Served
    private let floor: BenchWorkspace.Served
    private let scratch: Scratch
    private let progress: Progress
    private var first = 0
    private var figures: [Figure] = []
    private var loads: [LoadRow] = []

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let workspace = try await BenchWorkspace(scratch, "shop", program: program)
        let floor = try FloorServer.start(scratch)
        let subject = try workspace.serve()
        defer {
            subject.child.end()
            floor.child.end()
        }
        var benchmark = HTTPBenchmark(
            workspace: workspace,
            subject: subject,
            floor: floor,
            scratch: scratch,
            progress: progress
        )
        for bytes in inputBytes { try await benchmark.measure(inputBytes: bytes) }
        return Report(figures: benchmark.figures, loads: benchmark.loads)
    }

    private init(
        workspace: BenchWorkspace,
        subject: BenchWorkspace.Served,
        floor: BenchWorkspace.Served,
        scratch: Scratch,
        progress: Progress
    ) {
        (self.workspace, self.subject, self.floor) = (workspace, subject, floor)
        (self.scratch, self.progress) = (scratch, progress)
    }

    private mutating func measure(inputBytes: Int) async throws {
        var load = Load(
            port: subject.port,
            connections: 64,
            request: workspace.rulesRequest(inputBytes: inputBytes),
            seconds: 0.5
        )
        // Until the store has rows to insert bare, and every page and thread is warm.
        _ = try Self.valid(load.run(from: &first))
        let rows = try await written()
        let bare = try BareCommits(scratch.path + "/floor-\(inputBytes).db", rows: rows)
        for connections in Self.connections {
            load.connections = connections
            try measure(load, inputBytes, bare)
        }
    }

    /// Some of the entries the server has just written.
    private func written() async throws -> [StoredEntry] {
        let store = try SQLiteStore(workspace.storePath, mode: .reader, secret: [])
        let head = try await store.head()
        let rows = try await store.entries(from: max(1, head.count - 2_000), limit: 2_000)
        await store.close()
        return rows
    }

    static func valid(_ result: LoadResult, of load: Load? = nil) throws -> LoadResult {
        guard result.failed == 0, result.answered > 0 else {
            let place = load.map { "port \($0.port), \($0.connections) connections: " } ?? ""
            throw InvalidRun(
                "\(place)of \(result.sent) requests \(result.refused) were refused, \(result.broken) found "
                    + "no connection, \(result.cut) were cut and \(result.waiting) had no answer\n"
                    + result.complaint
            )
        }
        return result
    }

    private mutating func measure(_ load: Load, _ inputBytes: Int, _ bare: BareCommits) throws {
        var load = load
        load.seconds = 1
        let name = "\(load.connections) conn, \(inputBytes) B"
        var answers = Rounds()
        var decisions = Rounds()
        var inserts: [BareCommits.Times] = []
        for round in 1...Self.rounds {
            progress.show("http: \(name), round \(round) of \(Self.rounds)")
            load.port = floor.port
            try answers.add(load, floor.child, &first)
            load.port = subject.port
            try decisions.add(load, subject.child, &first)
            inserts.append(try bare.run(groups: load.connections, seconds: 0.6))
        }
        loads.append(try answers.row("bare answer, \(name)"))
        loads.append(try decisions.row("rules, \(name)"))
        compare(load.connections, name, answers, decisions, inserts)
        if load.connections == 64 { try measureOpen(load, name, rate: decisions.rate / 2) }
    }

    private mutating func compare(
        _ connections: Int,
        _ name: String,
        _ answers: Rounds,
        _ decisions: Rounds,
        _ inserts: [BareCommits.Times]
    ) {
        let rates = decisions.results.map(\.rate)
        var answer = Figure(
            "rules, \(name), of bare answers",
            unit: "a second",
            floor: answers.rate,
            subject: decisions.rate,
            ratio: median(zip(rates, answers.results).map { $0 / $1.rate }),
            goal: connections == 64 ? .ratioAtLeast(0.25) : nil
        )
        var insert = Figure(
            "rules, \(name), of bare rows",
            unit: "a second",
            floor: median(inserts.map(\.rate)),
            subject: decisions.rate,
            ratio: median(zip(rates, inserts).map { $0 / $1.rate }),
            goal: connections == 64 ? .ratioAtLeast(0.5) : nil
        )
        // The lower of the two is the goal.
        (answer.isExcused, insert.isExcused) = (insert.isMet == true, answer.isMet == true)
        figures += [answer, insert]
        let commits = inserts.map { $0.microseconds(at: connections == 1 ? 0.5 : 0.99) }
        let share = connections == 1 ? 0.5 : 0.99
        guard connections == 1 || connections == 64 else { return }
        figures.append(
            Figure(
                "rules, \(name), \(connections == 1 ? "p50" : "p99")",
                unit: "us",
                floor: median(commits),
                subject: median(decisions.results.map { $0.microseconds(at: share) }),
                goal: connections == 1 ? .addedUnder(100) : .under(10_000)
            )
        )
    }

    /// At half of what it can do, each request meant for its own moment.
    private mutating func measureOpen(_ load: Load, _ name: String, rate: Double) throws {
        var load = load
        load.rate = rate
        load.seconds = 3
        progress.show("http: \(name), at a fixed rate")
        var rounds = Rounds()
        try rounds.add(load, subject.child, &first)
        loads.append(try rounds.row("rules, \(name), fixed rate"))
        figures.append(
            Figure(
                "rules, \(name), fixed rate, p99",
                unit: "us",
                subject: rounds.results[0].microseconds(at: 0.99),
                goal: .under(10_000)
            )
        )
    }
}

/// One load, put on again and again.
struct Rounds {
    private(set) var results: [LoadResult] = []
    private var serverSeconds = 0.0

    /// Puts it on once more; throws when a request failed.
    mutating func add(_ load: Load, _ server: Child, _ first: inout Int) throws {
        let before = try server.processorSeconds()
        results.append(try HTTPBenchmark.valid(load.run(from: &first), of: load))
        serverSeconds += try server.processorSeconds() - before
    }

    var rate: Double { median(results.map(\.rate)) }

    func microseconds(at share: Double) -> Double {
        median(results.map { $0.microseconds(at: share) })
    }

    /// All rounds together.
    func row(_ name: String) throws -> LoadRow {
        guard var sum = results.first else { throw InvalidRun("\(name) was never put on") }
        for result in results.dropFirst() { sum.add(result) }
        return LoadRow(name: name, result: sum, serverSeconds: serverSeconds)
    }
}

/// The same rows again and again under other numbers, so many to a transaction.
final class BareCommits {
    struct Times {
        let rate: Double
        /// Of each transaction, sorted.
        fileprivate let microseconds: [Double]

        func microseconds(at share: Double) -> Double {
            microseconds[min(microseconds.count - 1, Int(Double(microseconds.count) * share))]
        }
    }

    private let store: BareStore
    private let rows: [(entry: StoredEntry, payload: [UInt8])]
    private var sequence: Int64 = 0

    init(_ path: String, rows: [StoredEntry]) throws {
        store = try BareStore(path)
        self.rows = rows.map { (entry: $0, payload: $0.payload.rowBytes) }
    }

    func run(groups: Int, seconds: Double) throws -> Times {
        var times: [Double] = []
        let start = ContinuousClock.now
        var inserted = 0
        while Measure.microseconds(since: start) < seconds * 1e6 {
            var group: [(entry: StoredEntry, payload: [UInt8])] = []
            for _ in 0..<groups {
                sequence += 1
                let (entry, payload) = rows[Int(sequence) % rows.count]
                let copy = StoredEntry(
                    sequence: sequence,
                    hash: entry.hash,
                    bytes: entry.bytes,
                    previous: entry.previous,
                    payload: entry.payload
                )
                group.append((copy, payload))
            }
            let begun = ContinuousClock.now
            try store.insert(group[...]) { Load.key(of: Int($0)) }
            times.append(Measure.microseconds(since: begun))
            inserted += groups
        }
        let rate = Double(inserted) / Measure.microseconds(since: start) * 1e6
        return Times(rate: rate, microseconds: times.sorted())
    }
}
