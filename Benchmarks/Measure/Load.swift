internal import CLoad
internal import Values

/// A load on a server of this machine.
struct Load: Sendable {
    var port: UInt16
    var connections = 1
    /// With ten `#` wherever the request's number goes, and sixteen `*` wherever its key does.
    var request: String
    var seconds = 1.0
    /// Requests a second, each meant for its own moment; nothing: as fast as answers come.
    var rate: Double?
    /// No more requests than that.
    var most: Int?
    /// How long answers are waited for after the last request was begun: longer than a slow disk
    /// holds a commit, so that what has no answer then has none.
    var patience = 30.0

    static let number = "##########"
    static let key = "****************"

    /// The key of a request of that number.
    static func key(of number: Int) -> String {
        let digits = unsafe [UInt8](unsafeUninitializedCapacity: 16) { out, filled in
            if let start = out.baseAddress {
                unsafe stepgate_load_key(UInt64(number), start)
            }
            filled = 16
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// A request with a JSON body, to be sent again and again on one connection.
    static func request(
        _ method: String = "POST",
        _ path: String,
        headers: [String] = [],
        body: String
    ) -> String {
        let head =
            ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
            + ["Content-Length: \(body.utf8.count)"] + headers
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Puts the load on, blocking this thread; `first` is the number of the first request and is
    /// moved on, so that no number comes twice.
    func run(from first: inout Int) -> LoadResult {
        let bytes = Array(request.utf8)
        let numbers = Self.places(of: Self.number, in: bytes)
        let keys = Self.places(of: Self.key, in: bytes)
        var found = unsafe stepgate_load_result()
        var buckets = [UInt64](repeating: 0, count: Int(STEPGATE_LOAD_BUCKETS))
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe numbers.withUnsafeBufferPointer { numbers in
                unsafe keys.withUnsafeBufferPointer { keys in
                    var plan = unsafe stepgate_load_plan()
                    unsafe plan.port = port
                    unsafe plan.connections = UInt32(connections)
                    unsafe plan.request = bytes.baseAddress
                    unsafe plan.length = bytes.count
                    unsafe plan.numbers = numbers.baseAddress
                    unsafe plan.number_count = numbers.count
                    unsafe plan.keys = keys.baseAddress
                    unsafe plan.key_count = keys.count
                    unsafe plan.first = UInt64(first)
                    unsafe plan.seconds = seconds
                    unsafe plan.rate = rate ?? 0
                    unsafe plan.most = UInt64(most ?? 0)
                    unsafe plan.patience = patience
                    unsafe buckets.withUnsafeMutableBufferPointer { buckets in
                        unsafe found.buckets = buckets.baseAddress
                        unsafe stepgate_load_run(&plan, &found)
                    }
                }
            }
        }
        let result = unsafe LoadResult(&found, buckets)
        first += result.sent
        return result
    }

    private static func places(of mark: String, in bytes: [UInt8]) -> [UInt32] {
        let mark = Array(mark.utf8)
        var places: [UInt32] = []
        var at = 0
        while at + mark.count <= bytes.count {
            if bytes[at] == mark[0], bytes[at..<at + mark.count].elementsEqual(mark) {
                places.append(UInt32(at))
                at += mark.count
            } else {
                at += 1
            }
        }
        return places
    }
}

/// What came of a load; results of several rounds add up.
struct LoadResult: Sendable {
    private(set) var sent: Int
    private(set) var answered: Int
    /// Of the answered, with status 202.
    private(set) var accepted: Int
    private(set) var refused: Int
    private(set) var broken: Int
    private(set) var cut: Int
    private(set) var waiting: Int
    private(set) var seconds: Double
    /// What the generator itself used of a processor.
    private(set) var processorSeconds: Double
    private(set) var complaint: String
    private var longest: UInt64
    private var buckets: [UInt64]

    /// What came of requests that were all answered well, each in so many nanoseconds.
    init(nanoseconds: [UInt64], seconds: Double, processorSeconds: Double) {
        (sent, answered) = (nanoseconds.count, nanoseconds.count)
        (accepted, refused, broken, cut, waiting) = (0, 0, 0, 0, 0)
        (self.seconds, self.processorSeconds) = (seconds, processorSeconds)
        complaint = ""
        longest = nanoseconds.max() ?? 0
        buckets = [UInt64](repeating: 0, count: Int(STEPGATE_LOAD_BUCKETS))
        for time in nanoseconds { buckets[stepgate_load_bucket(time)] += 1 }
    }

    fileprivate init(_ found: inout stepgate_load_result, _ buckets: [UInt64]) {
        sent = unsafe Int(found.sent)
        answered = unsafe Int(found.answered)
        accepted = unsafe Int(found.accepted)
        refused = unsafe Int(found.refused)
        broken = unsafe Int(found.broken)
        cut = unsafe Int(found.cut)
        waiting = unsafe Int(found.waiting)
        seconds = unsafe found.seconds
        processorSeconds = unsafe found.processor_seconds
        longest = unsafe found.longest
        complaint = unsafe withUnsafePointer(to: &found.complaint) { tuple in
            unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 1_024) {
                unsafe String(cString: $0)
            }
        }
        self.buckets = buckets
    }

    var rate: Double { Double(answered) / max(seconds, 1e-9) }
    /// Any of these makes a run worth nothing.
    var failed: Int { refused + broken + cut + waiting }

    mutating func add(_ other: LoadResult) {
        sent += other.sent
        answered += other.answered
        accepted += other.accepted
        refused += other.refused
        broken += other.broken
        cut += other.cut
        waiting += other.waiting
        seconds += other.seconds
        processorSeconds += other.processorSeconds
        longest = max(longest, other.longest)
        if complaint.isEmpty { complaint = other.complaint }
        for place in buckets.indices { buckets[place] += other.buckets[place] }
    }

    /// Microseconds within which that share of the answers came.
    func microseconds(at share: Double) -> Double {
        if share >= 1 { return Double(longest) / 1_000 }
        let wanted = max(1, UInt64((Double(answered) * share).rounded(.up)))
        var seen: UInt64 = 0
        for (place, count) in buckets.enumerated() where count > 0 {
            seen += count
            if seen >= wanted { return Self.middle(of: place) / 1_000 }
        }
        return 0
    }

    private static func middle(of place: Int) -> Double {
        let low = stepgate_load_bucket_start(place)
        return Double(low + stepgate_load_bucket_start(place + 1)) / 2
    }
}

/// A run that means nothing, and why.
struct InvalidRun: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One load as the table of loads shows it.
struct LoadRow: Sendable {
    let name: String
    let result: LoadResult
    /// What the server used of a processor meanwhile.
    let serverSeconds: Double

    static let heads = [
        "load", "/s", "p50", "p90", "p99", "p99.9", "max", "bad", "load%", "its%",
    ]

    private static let shares: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1),
    ]

    private func percent(_ seconds: Double) -> Int {
        Int((seconds / max(result.seconds, 1e-9) * 100).rounded())
    }

    var cells: [String] {
        [name, Figure.shown(result.rate.rounded())]
            + Self.shares.map { Figure.shown(result.microseconds(at: $0.share).rounded()) }
            + ["\(result.failed)", "\(percent(result.processorSeconds))"]
            + ["\(percent(serverSeconds))"]
    }

    var json: JSON {
        [
            "name": .string(name), "a_second": .double(result.rate),
            "answered": .int(Int64(result.answered)), "failed": .int(Int64(result.failed)),
            "microseconds": .object(
                JSONObject(
                    uniqueMembers: Self.shares.map {
                        .init($0.name, .double(result.microseconds(at: $0.share)))
                    }
                )
            ),
            "load_processor_percent": .int(Int64(percent(result.processorSeconds))),
            "server_processor_percent": .int(Int64(percent(serverSeconds))),
        ]
    }
}
