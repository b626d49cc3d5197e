/// What the classifier sees of a text, each feature once.
///
/// They are its words, the pairs of neighbours, and the pieces of four characters that let
/// `refunded` tell something of `refund`.
enum Features {
    private static let piece = 4

    static func of(_ text: String) -> [String] {
        let words = words(text)
        var seen: Set<String> = []
        var features: [String] = []
        func add(_ feature: String) {
            if seen.insert(feature).inserted { features.append(feature) }
        }
        for word in words { add(word) }
        for (first, second) in zip(words, words.dropFirst()) { add("\(first) \(second)") }
        for word in words {
            let marked = Array("<\(word)>")
            guard marked.count > piece else {
                add("#" + String(marked))
                continue
            }
            for start in 0...(marked.count - piece) {
                add("#" + String(marked[start..<start + piece]))
            }
        }
        return features
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" && $0 != "’" }
            .map { String($0.map { $0 == "’" ? "'" : $0 }) }
    }
}
