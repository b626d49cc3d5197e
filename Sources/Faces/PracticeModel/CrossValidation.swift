internal import Glibc

/// Trains on nine tenths and looks at the rest, ten times over.
///
/// The folds are every tenth example, so the same examples always give the same result.
struct CrossValidation {
    private struct Held {
        let scores: [Double]
        let features: Int
        let truth: Int
    }

    private static let folds = 10
    private static let bins = 10

    private let held: [Held]

    init(_ samples: [NaiveBayes.Sample], labels: Int, features: Int) {
        guard samples.count >= Self.folds else {
            held = []
            return
        }
        held = (0..<Self.folds).flatMap { fold in
            let training = samples.enumerated().filter { $0.offset % Self.folds != fold }
            let model = NaiveBayes(training.map(\.element), labels: labels, features: features)
            return stride(from: fold, to: samples.count, by: Self.folds).map { index in
                let sample = samples[index]
                return Held(
                    scores: model.scores(sample.features),
                    features: sample.features.count,
                    truth: sample.label
                )
            }
        }
    }

    /// The temperature is the one under which the held-out labels are likeliest; with too few
    /// examples to hold any out it is 1 and nothing is known of the rest.
    var result: Classifier.Validation {
        guard !held.isEmpty else {
            return Classifier.Validation(accuracy: 0, temperature: 1, calibrationError: 1)
        }
        let candidates = (1...120).map { Double($0) * 0.05 }
        let losses = candidates.map { loss(at: $0) }
        let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
        let judged = judged(at: candidates[best])
        return Classifier.Validation(
            accuracy: Double(judged.count(where: \.isRight)) / Double(judged.count),
            temperature: candidates[best],
            calibrationError: Self.calibrationError(judged)
        )
    }

    private func loss(at temperature: Double) -> Double {
        held.reduce(0) { sum, each in
            let p = Classifier.tempered(each.scores, each.features, temperature)[each.truth]
            return sum - log(max(p, 1e-12))
        }
    }

    private func judged(at temperature: Double) -> [(confidence: Double, isRight: Bool)] {
        held.map { each in
            let p = Classifier.tempered(each.scores, each.features, temperature)
            let best = p.indices.max { p[$0] < p[$1] } ?? 0
            return (p[best], best == each.truth)
        }
    }

    /// The mean distance between confidence and share right, in bins of a tenth.
    private static func calibrationError(
        _ judged: [(confidence: Double, isRight: Bool)]
    ) -> Double {
        var distances = [Double](repeating: 0, count: bins)
        for each in judged {
            let bin = min(bins - 1, Int(each.confidence * Double(bins)))
            distances[bin] += each.confidence - (each.isRight ? 1 : 0)
        }
        return distances.reduce(0) { $0 + abs($1) } / Double(judged.count)
    }
}
