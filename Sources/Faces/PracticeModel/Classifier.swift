internal import Glibc

/// A small honest text classifier: naive Bayes, its confidence tempered on examples it had not
/// seen.
///
/// It is for practice: it shows what a model with real errors and real confidences does to a
/// policy, and knows nothing but its examples.
package struct Classifier: Sendable {
    package struct Example: Sendable, Equatable {
        package let text: String
        package let label: String

        package init(text: String, label: String) {
            self.text = text
            self.label = label
        }
    }

    /// What cross-validation found, for those who start the model.
    package struct Validation: Sendable, Equatable {
        /// The share of held-out examples it was right on.
        package let accuracy: Double
        /// Log-probabilities are divided by it and by the root of the number of features.
        package let temperature: Double
        /// How far, on the average of held-out examples, confidence was from being right.
        package let calibrationError: Double
    }

    /// Labels that mean none of the others; one without examples is judged by unknown words.
    static let noneLabels: Set<String> = [
        "none_of_these", "none", "none_of_the_above", "other", "out_of_scope", "unknown",
    ]

    package let labels: [String]
    package let validation: Validation
    private let numbers: [String: Int]
    private let model: NaiveBayes

    package init(_ examples: [Example]) {
        let labels = Set(examples.map(\.label)).sorted()
        var numbers: [String: Int] = [:]
        let samples = examples.map { example in
            NaiveBayes.Sample(
                features: Features.of(example.text).map { feature in
                    let number = numbers[feature] ?? numbers.count
                    numbers[feature] = number
                    return number
                },
                label: labels.firstIndex(of: example.label) ?? 0
            )
        }
        self.labels = labels
        self.numbers = numbers
        model = NaiveBayes(samples, labels: labels.count, features: numbers.count)
        validation = CrossValidation(samples, labels: labels.count, features: numbers.count).result
    }

    /// The probability of each label, in the order asked for.
    ///
    /// They sum to 1. A label without examples has none, unless it means none of the others; where
    /// no label has examples, all are equally likely.
    package func probabilities(of text: String, among labels: [String]) -> [Double] {
        let features = Features.of(text).map { numbers[$0] }
        let known = model.scores(features)
        let own = self.labels.firstIndex { Self.noneLabels.contains($0) }
        let scores = labels.map { label -> Double in
            if let index = self.labels.firstIndex(of: label) { return known[index] }
            guard Self.noneLabels.contains(label) else { return -.infinity }
            guard let own, !labels.contains(self.labels[own]) else {
                return model.scoreWithoutExamples(features)
            }
            return known[own]
        }
        return Self.tempered(scores, features.count, validation.temperature)
    }

    /// Pieces of one text overlap, so its evidence counts as the root of its size; without this a
    /// long text would make the model surer than it is right.
    static func tempered(_ scores: [Double], _ features: Int, _ temperature: Double) -> [Double] {
        let most = scores.max() ?? 0
        guard most.isFinite else { return scores.map { _ in 1 / Double(scores.count) } }
        let divisor = temperature * Double(max(1, features)).squareRoot()
        let weights = scores.map { exp(($0 - most) / divisor) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}
