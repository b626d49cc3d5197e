internal import Synchronization
internal import Values

/// External workers, each a thread with one kept connection: they claim steps in batches and end each
/// by itself.
struct Workers: Sendable {
    /// Steps of one claim.
    static let batch = 32

    /// How many steps shall be done in all, once that is known, and how many are.
    final class Tally: Sendable {
        private let total: Atomic<Int>
        private let ended = Atomic(0)
        private let complaint = Mutex<String?>(nil)

        init(total: Int = .max) { self.total = Atomic(total) }

        func set(total: Int) { self.total.store(total, ordering: .relaxed) }

        var isDone: Bool {
            ended.load(ordering: .relaxed) >= total.load(ordering: .relaxed)
        }

        fileprivate func add() { ended.add(1, ordering: .relaxed) }

        /// Ends the work of all.
        fileprivate func refuse(_ why: String) {
            complaint.withLock { $0 = $0 ?? why }
            set(total: 0)
        }

        fileprivate var refusal: String? { complaint.withLock { $0 } }
    }

    /// What came of all of them together.
    struct Result: Sendable {
        let claims: LoadResult
        let completions: LoadResult
        /// Steps done, by the time from the first claim to the last end.
        let rate: Double
    }

    private struct Times {
        var nanoseconds: [UInt64] = []
        var processorSeconds = 0.0

        mutating func add(_ other: Times) {
            nanoseconds += other.nanoseconds
            processorSeconds += other.processorSeconds
        }

        func result(_ seconds: Double) -> LoadResult {
            LoadResult(
                nanoseconds: nanoseconds,
                seconds: seconds,
                processorSeconds: processorSeconds
            )
        }
    }

    /// What one thread adds up, or all of them.
    private struct Sum {
        var claims = Times()
        var completions = Times()
        var lastEnd: ContinuousClock.Instant?
    }

    private final class Sums: Sendable {
        private let sum = Mutex(Sum())

        func add(_ other: Sum) {
            sum.withLock {
                $0.claims.add(other.claims)
                $0.completions.add(other.completions)
                if let end = other.lastEnd { $0.lastEnd = max($0.lastEnd ?? end, end) }
            }
        }

        var value: Sum { sum.withLock { $0 } }
    }

    let port: UInt16
    let secret: String
    let threads: Int

    /// Works until the tally is full, blocking this thread.
    func run(_ tally: Tally) throws -> Result {
        let sums = Sums()
        let start = ContinuousClock.now
        try Threads.run(threads) { _ in
            var sum = Sum()
            do {
                try work(tally, &sum)
            } catch {
                tally.refuse("\(error)")
            }
            sums.add(sum)
        }
        if let why = tally.refusal { throw InvalidRun("a worker: \(why)") }
        let sum = sums.value
        guard let end = sum.lastEnd else { throw InvalidRun("no worker had work") }
        let seconds = start.duration(to: end) / .seconds(1)
        return Result(
            claims: sum.claims.result(seconds),
            completions: sum.completions.result(seconds),
            rate: Double(sum.completions.nanoseconds.count) / seconds
        )
    }

    private func work(_ tally: Tally, _ sum: inout Sum) throws {
        let connection = try Connection(port: port)
        let claim = request(
            "/v1/work:claim",
            #"{"kinds":["\#(RunFlows.kind)"],"limit":\#(Self.batch)}"#,
            ["Prefer: wait=1"]
        )
        while !tally.isDone {
            var asked = Times()
            let answer = try Self.timed(&asked) {
                try JSON.read(try connection.exchange(claim))
            }
            let items = answer["work"]?.array ?? []
            // Who waits for the last steps of others says nothing of the server.
            if items.isEmpty { asked.nanoseconds = [] }
            sum.claims.add(asked)
            for item in items {
                guard let path = item["path"]?.string, let epoch = item["epoch"]?.integer else {
                    throw InvalidRun("a claim was answered with no work: \(item.compactText)")
                }
                let body = #"{"epoch":\#(epoch),"output":{"done":true}}"#
                try Self.timed(&sum.completions) {
                    _ = try connection.exchange(request("\(path):complete", body, []))
                }
                tally.add()
                sum.lastEnd = .now
            }
        }
    }

    private func request(_ path: String, _ body: String, _ headers: [String]) -> String {
        Load.request(
            "POST",
            path,
            headers: ["Authorization: Bearer \(secret)"] + headers,
            body: body
        )
    }

    private static func timed<Value>(
        _ times: inout Times,
        _ body: () throws -> Value
    ) rethrows -> Value {
        let before = Threads.processorSeconds
        let start = ContinuousClock.now
        let value = try body()
        times.nanoseconds.append(UInt64(Measure.microseconds(since: start) * 1_000))
        times.processorSeconds += Threads.processorSeconds - before
        return value
    }
}
