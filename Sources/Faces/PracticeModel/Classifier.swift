internal import Glibc
internal import Values

/// A small honest text classifier: multinomial naive Bayes over words and their pieces, its
/// confidence tempered on examples it had not seen.
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
        /// Log-probabilities are divided by it; above 1 where the model would be too sure.
        package let temperature: Double
    }

    private static let smoothing = 1.0
    private static let folds = 10
    /// Characters of the pieces that let `refunded` tell something of `refund`.
    private static let piece = 4
    /// Words that stand in every kind of message.
    private static let common: Set<String> = [
        "a", "an", "the", "i", "my", "me", "is", "it", "to", "of", "and",
    ]

    private struct Counts: Sendable {
        var features: [String: Double] = [:]
        var total = 0.0
        var examples = 0.0
    }

    private let counts: [String: Counts]
    private let vocabulary: Set<String>
    private let examples: Double
    package let labels: [String]
    package let validation: Validation

    package init(_ examples: [Example]) {
        self.init(examples, validation: Self.validate(examples))
    }

    private init(_ examples: [Example], validation: Validation) {
        var counts: [String: Counts] = [:]
        var vocabulary: Set<String> = []
        for example in examples {
            var known = counts[example.label] ?? Counts()
            known.examples += 1
            for feature in Self.features(example.text) {
                known.features[feature, default: 0] += 1
                known.total += 1
                vocabulary.insert(feature)
            }
            counts[example.label] = known
        }
        self.counts = counts
        self.vocabulary = vocabulary
        self.examples = Double(examples.count)
        self.validation = validation
        labels = counts.keys.sorted()
    }

    /// The probability of each label, in the order asked for; labels never seen have none.
    package func probabilities(of text: String, among labels: [String]) -> [Double] {
        let scores = labels.map { score(of: text, $0) }
        return Self.softmax(scores.map { $0 / validation.temperature })
    }

    private func score(of text: String, _ label: String) -> Double {
        guard let known = counts[label] else { return -.infinity }
        let size = Double(vocabulary.count)
        var sum = log(known.examples / max(1, examples))
        for feature in Self.features(text) where vocabulary.contains(feature) {
            let count = known.features[feature] ?? 0
            sum += log((count + Self.smoothing) / (known.total + Self.smoothing * size))
        }
        return sum
    }

    static func softmax(_ scores: [Double]) -> [Double] {
        let most = scores.max() ?? 0
        guard most.isFinite else { return scores.map { _ in 1 / Double(max(1, scores.count)) } }
        let weights = scores.map { exp($0 - most) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Words, and the pieces of four characters they are made of.
    static func features(_ text: String) -> [String] {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" }
        var features: [String] = []
        for word in words.map(String.init) where !common.contains(word) {
            features.append(word)
            let marked = Array("<\(word)>")
            for start in 0..<max(0, marked.count - piece + 1) {
                features.append("#" + String(marked[start..<start + piece]))
            }
        }
        return features
    }

    // MARK: Validation

    /// Trains on nine tenths and tests on the rest, ten times; the temperature is the one under
    /// which the held-out labels are likeliest.
    private static func validate(_ examples: [Example]) -> Validation {
        guard examples.count >= folds else { return Validation(accuracy: 0, temperature: 1) }
        let untempered = Validation(accuracy: 0, temperature: 1)
        var scored: [(scores: [Double], truth: Int)] = []
        var right = 0
        for fold in 0..<folds {
            let training = examples.enumerated().filter { $0.offset % folds != fold }.map(\.element)
            let model = Classifier(training, validation: untempered)
            for (index, example) in examples.enumerated() where index % folds == fold {
                guard let truth = model.labels.firstIndex(of: example.label) else { continue }
                let scores = model.labels.map { model.score(of: example.text, $0) }
                scored.append((scores, truth))
                if scores.firstIndex(of: scores.max() ?? 0) == truth { right += 1 }
            }
        }
        let candidates = (1...120).map { Double($0) * 0.25 }
        let best = candidates.min { loss(scored, $0) < loss(scored, $1) } ?? 1
        return Validation(accuracy: Double(right) / Double(examples.count), temperature: best)
    }

    private static func loss(
        _ scored: [(scores: [Double], truth: Int)],
        _ temperature: Double
    ) -> Double {
        scored.reduce(0) { sum, each in
            let p = softmax(each.scores.map { $0 / temperature })[each.truth]
            return sum - log(max(p, 1e-12))
        }
    }
}
