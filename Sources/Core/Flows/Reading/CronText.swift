/// The five fields of a schedule: minute, hour, day, month, weekday.
enum CronText {
    private static let fields: [(name: String, range: ClosedRange<Int>, words: [String])] = [
        ("minute", 0...59, []), ("hour", 0...23, []), ("day", 1...31, []),
        (
            "month", 1...12,
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        ),
        ("weekday", 0...7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// What is wrong with it; nothing when it can be followed.
    static func problem(_ text: String) -> String? {
        let parts = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard parts.count == fields.count else {
            return "needs five fields; got \(parts.count)"
        }
        for (part, field) in zip(parts, fields) {
            for item in part.split(separator: ",", omittingEmptySubsequences: false)
            where !fits(String(item), field.range, field.words) {
                return "has no \(field.name) '\(item)'"
            }
        }
        return nil
    }

    /// `*`, `5`, `1-5`, `mon`, each also with a step: `*/15`.
    private static func fits(_ item: String, _ range: ClosedRange<Int>, _ words: [String]) -> Bool {
        let halves = item.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard halves.count <= 2 else { return false }
        if halves.count == 2 {
            guard let step = number(halves[1]), (1...range.upperBound).contains(step) else {
                return false
            }
        }
        if halves[0] == "*" { return true }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
            .map { value(String($0), range, words) }
        switch ends.count {
        case 1: return ends[0] != nil
        case 2:
            guard let low = ends[0], let high = ends[1] else { return false }
            return low <= high
        default: return false
        }
    }

    private static func value(
        _ text: String,
        _ range: ClosedRange<Int>,
        _ words: [String]
    ) -> Int? {
        if let place = words.firstIndex(of: text.lowercased()) {
            return range.lowerBound + place
        }
        return number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
