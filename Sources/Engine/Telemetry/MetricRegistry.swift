internal import Synchronization
internal import Values

/// The running values of all metrics.
///
/// Counting takes one lock of its metric and, once a series is there, nothing from the heap.
package final class MetricRegistry: Sendable {
    /// The series of one metric, in flat lists so that counting touches nothing else.
    private struct Table: Sendable {
        var places: [Labels: Int] = [:]
        var labels: [Labels] = []
        /// Numbers, or the sums of histograms.
        var values: [Double] = []
        /// The buckets of one series after those of another: one more than there are bounds, none
        /// for what is no histogram.
        var counts: [Int64] = []

        /// The place of a series, made when there is room; without room that of `other`.
        mutating func place(
            _ labels: Labels,
            _ buckets: Int,
            limit: Int
        ) -> (place: Int, isCollapsed: Bool) {
            if let place = places[labels] { return (place, false) }
            let isCollapsed = values.count >= limit && labels != .other
            let labels = isCollapsed ? .other : labels
            if let place = places[labels] { return (place, isCollapsed) }
            self.labels.append(labels)
            values.append(0)
            counts += repeatElement(0, count: buckets)
            places[labels] = values.count - 1
            return (values.count - 1, isCollapsed)
        }
    }

    private final class Family: Sendable {
        let bounds: [Double]
        let table = Mutex(Table())

        init(_ definition: Metric.Definition) {
            if case .histogram(let bounds) = definition.kind {
                self.bounds = bounds
            } else {
                bounds = []
            }
            // What has no labels is there from the beginning, so that its first change is seen.
            if definition.labels.isEmpty, definition.kind != .found {
                let buckets = buckets
                table.withLock { _ = $0.place(Labels(), buckets, limit: 1) }
            }
        }

        var buckets: Int { bounds.isEmpty ? 0 : bounds.count + 1 }
    }

    private let families: [Family]
    private let limit: Int

    /// `limit` is how many series one metric may have.
    package init(limit: Int = Limits.seriesPerMetric) {
        self.limit = limit
        families = Metric.definitions.map(Family.init)
    }

    /// Adds to a counter or a gauge.
    package func add(_ metric: Metric, _ labels: Labels = Labels(), _ amount: Double = 1) {
        let family = families[metric.rawValue]
        let isCollapsed = family.table.withLock { table -> Bool in
            let (place, isCollapsed) = table.place(labels, 0, limit: limit)
            table.values[place] += amount
            return isCollapsed
        }
        if isCollapsed { noteCollapsed(metric) }
    }

    /// Counts so many observations of one value in a histogram.
    package func observe(
        _ metric: Metric,
        _ labels: Labels = Labels(),
        _ value: Double,
        count: Int64 = 1
    ) {
        let family = families[metric.rawValue]
        var bucket = 0
        while bucket < family.bounds.count, value > family.bounds[bucket] { bucket += 1 }
        let isCollapsed = family.table.withLock { table -> Bool in
            let (place, isCollapsed) = table.place(labels, family.buckets, limit: limit)
            table.values[place] += value * Double(count)
            table.counts[place * family.buckets + bucket] += count
            return isCollapsed
        }
        if isCollapsed { noteCollapsed(metric) }
    }

    /// Counts a time in a histogram of seconds.
    package func observe(_ metric: Metric, _ labels: Labels = Labels(), time: Duration) {
        observe(metric, labels, time.seconds)
    }

    private func noteCollapsed(_ metric: Metric) {
        add(.seriesCollapsed, Labels(Metric.definitions[metric.rawValue].name))
    }

    /// The value of a counter or gauge, or the sum of a histogram; nothing where it has no series.
    package func value(_ metric: Metric, _ labels: Labels = Labels()) -> Double? {
        families[metric.rawValue].table.withLock { table in
            table.places[labels].map { table.values[$0] }
        }
    }

    // MARK: Exposition

    /// What a scrape is answered with: `text/plain; version=0.0.4; charset=utf-8`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in Prometheus' text format, with what this scrape has found.
    package func exposition(with found: [FoundValue] = []) -> [UInt8] {
        var page = Exposition()
        for metric in Metric.allCases {
            let definition = Metric.definitions[metric.rawValue]
            let family = families[metric.rawValue]
            let table = family.table.withLock { $0 }
            page.begin(definition)
            for place in table.labels.indices.sorted(by: { table.labels[$0] < table.labels[$1] }) {
                let (labels, value) = (table.labels[place], table.values[place])
                if family.bounds.isEmpty {
                    page.write(definition, labels, value)
                } else {
                    let first = place * family.buckets
                    let counts = table.counts[first..<first + family.buckets]
                    page.write(definition, labels, family.bounds, Array(counts), sum: value)
                }
            }
            for one in found where one.metric == metric {
                page.write(definition, one.labels, one.value)
            }
        }
        return page.bytes
    }
}

/// A value that only a scrape looks for.
package struct FoundValue: Sendable, Equatable {
    package let metric: Metric
    package let labels: Labels
    package let value: Double

    package init(_ metric: Metric, _ value: Double) { self.init(metric, Labels(), value) }

    package init(_ metric: Metric, _ labels: Labels, _ value: Double) {
        self.metric = metric
        self.labels = labels
        self.value = value
    }
}

extension Duration {
    /// In seconds, as metrics and logs say times.
    package var seconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
