internal import Glibc

/// Multinomial naive Bayes over numbered features, with Lidstone smoothing.
///
/// A feature it never saw is no feature left out: it counts as `unknown`, and how usual unknown
/// ones are with a label is learnt from those that only one example has. What nobody here talks
/// about thereby leans to the labels whose examples differ most among themselves, as those of
/// none-of-these do.
struct NaiveBayes: Sendable {
    struct Sample: Sendable {
        let features: [Int]
        let label: Int
    }

    private static let smoothing = 0.4

    private struct Label: Sendable {
        var counts: [Double]
        var unknown = 0.0
        var total = 0.0
        var samples = 0.0
    }

    private var labels: [Label]
    /// How many samples have each feature.
    private var spread: [Int]
    private var samples = 0.0
    private let size: Double

    init(_ samples: some Collection<Sample>, labels: Int, features: Int) {
        self.labels = (0..<labels).map { _ in
            Label(counts: [Double](repeating: 0, count: features))
        }
        spread = [Int](repeating: 0, count: features)
        for sample in samples {
            for feature in sample.features { spread[feature] += 1 }
        }
        size = Double(spread.count { $0 > 0 } + 1)
        for sample in samples {
            self.samples += 1
            self.labels[sample.label].samples += 1
            for feature in sample.features {
                self.labels[sample.label].counts[feature] += 1
                self.labels[sample.label].unknown += spread[feature] == 1 ? 1 : 0
            }
        }
        for index in self.labels.indices {
            self.labels[index].total =
                self.labels[index].counts.reduce(0, +)
                + self.labels[index].unknown
        }
    }

    /// The log of how likely each label and these features are together; nothing is a feature that
    /// has no number.
    func scores(_ features: [Int?]) -> [Double] {
        labels.map { label in
            let total = log(label.total + Self.smoothing * size)
            return features.reduce(log(max(label.samples, Self.smoothing) / max(samples, 1))) {
                $0 + log(count(of: $1, in: label) + Self.smoothing) - total
            }
        }
    }

    /// The score of a label without an example: every feature is as likely as any other, and
    /// unknown ones twice as likely as where they are most usual.
    func scoreWithoutExamples(_ features: [Int?]) -> Double {
        let unknown = labels.map {
            ($0.unknown + Self.smoothing) / ($0.total + Self.smoothing * size)
        }
        let rate = min(2 * (unknown.max() ?? 0.5), 0.5)
        return features.reduce(-log(samples + 1)) {
            $0 + log(isKnown($1) ? (1 - rate) / size : rate)
        }
    }

    private func isKnown(_ feature: Int?) -> Bool {
        feature.map { spread[$0] > 0 } ?? false
    }

    private func count(of feature: Int?, in label: Label) -> Double {
        guard let feature, spread[feature] > 0 else { return label.unknown }
        return label.counts[feature]
    }
}
