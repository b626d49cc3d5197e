internal import Decisions
internal import Reviews
internal import Runs
package import Storage
package import Values

/// What the system says of the process.
package struct ProcessFigures: Sendable, Equatable {
    package let residentBytes: Int
    package let openFiles: Int

    package init(residentBytes: Int, openFiles: Int) {
        self.residentBytes = residentBytes
        self.openFiles = openFiles
    }
}

/// What a scrape looks for itself: how old what waits is, and how the process does.
///
/// Its reads of the store are a handful, each bounded. A store that cannot be read is told as such
/// and leaves its figures out; the rest of the page stands.
package struct Scrape: Sendable {
    private let store: any Store
    private let version: String
    private let uptime: @Sendable () -> Duration
    private let process: @Sendable () -> ProcessFigures?

    package init(
        store: any Store,
        version: String,
        uptime: @escaping @Sendable () -> Duration,
        process: @escaping @Sendable () -> ProcessFigures?
    ) {
        self.store = store
        self.version = version
        self.uptime = uptime
        self.process = process
    }

    /// Looks now.
    package func found(at now: Instant) async -> [FoundValue] {
        var found = [
            FoundValue(.buildInfo, Labels(version), 1), FoundValue(.uptime, uptime().seconds),
        ]
        if let process = process() {
            found.append(FoundValue(.residentBytes, Double(process.residentBytes)))
            found.append(FoundValue(.openFiles, Double(process.openFiles)))
        }
        do {
            found += try await stored(at: now)
            found.append(FoundValue(.storeUp, 1))
        } catch {
            found.append(FoundValue(.storeUp, 0))
        }
        return found
    }

    private func stored(at now: Instant) async throws(StoreError) -> [FoundValue] {
        let head = try await store.head()
        let asking = try await store.asking(after: nil, limit: 1).first
        let queues = try await store.oldestReviews(limit: Limits.queues)
        let runs = try await store.stageCounts(nil)
        let due = try await store.nextDue()
        return [
            FoundValue(.logEntries, Double(head.count)),
            FoundValue(.askingAge, asking.map { Self.age(of: $0.createdAt, now) } ?? 0),
            FoundValue(.runDueLag, due.map { Self.age(of: $0, now) } ?? 0),
        ]
            + Self.figures(of: runs)
            + queues.map {
                FoundValue(.queueAge, Labels($0.terms.queue), Self.age(of: $0.openedAt, now))
            }
    }

    /// Of the flows that have most, where there are too many to tell them all.
    private static func figures(of counts: [StageCount]) -> [FoundValue] {
        var sums: [Labels: Int64] = [:]
        for count in counts where count.place.kind != .item {
            sums[Labels(count.place.flow, count.place.state.rawValue), default: 0] += count.count
        }
        return sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .prefix(Limits.seriesPerMetric)
            .map { FoundValue(.runsNow, $0.key, Double($0.value)) }
    }

    private static func age(of instant: Instant, _ now: Instant) -> Double {
        max(0, (now - instant).seconds)
    }
}
