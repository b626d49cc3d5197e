internal import Values

/// Regular expressions in RE2's syntax: `matches()` and the regex extension.
enum Patterns {
    static let functions: [String: LibraryFunction] = [
        "regex.replace": replace, "regex.extract": extract, "regex.extractAll": extractAll,
    ]

    /// What gives the compiled pattern for a text: one known when planned, or one compiled now.
    typealias Source =
        @Sendable (String, inout Frame) throws(EvaluationError) -> RegularExpression

    static func compiled(
        _ pattern: String,
        _ frame: inout Frame
    ) throws(EvaluationError) -> RegularExpression {
        try frame.spend(Work.pattern(pattern.utf8.count))
        do {
            return try RegularExpression(pattern)
        } catch {
            throw EvaluationError(
                .invalidArgument,
                "the pattern does not compile: \(error.message)"
            )
        }
    }

    /// The functions with a pattern that is known when planned, by name.
    static func function(
        _ name: String,
        with expression: RegularExpression
    ) -> LibraryFunction? {
        switch name {
        case "regex.replace": replacing { (_, _) throws(EvaluationError) in expression }
        case "regex.extract": extracting { (_, _) throws(EvaluationError) in expression }
        case "regex.extractAll": extractingAll { (_, _) throws(EvaluationError) in expression }
        default: nil
        }
    }

    static let matches = LibraryFunction(
        { (bounds: [Bound]) in Estimate(searching(bounds)) },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(2...2, "matches")
            let text = try arguments.text(0, "matches")
            let expression = try compiled(try arguments.text(1, "matches"), &frame)
            try frame.read(text.utf8.count)
            return .bool(expression.matches(text))
        }
    )

    private static let replace = replacing(compiled)
    private static let extract = extracting(compiled)
    private static let extractAll = extractingAll(compiled)

    /// Compiling a pattern, and one search through a text.
    private static func searching(_ bounds: [Bound]) -> Size {
        Size(Work.pattern(0)) + bounds[1].text * 4 + bounds[0].text.read
    }

    /// A search may read all the rest of the text before it knows where its match ends; there are
    /// at most as many as the text has bytes, and two.
    private static func walking(_ bounds: [Bound]) -> Size {
        let bytes = bounds[0].text.count
        return searching(bounds) + (bounds[0].text + 2) * Size(1 + skimmed(bytes))
            + Size(bytes >> 2)
    }

    /// The steps of looking for the next match.
    private static func skimmed(_ bytes: Int) -> Int { bytes >> 6 }

    private static func checkGroups(
        _ expression: RegularExpression,
        _ name: String
    ) throws(EvaluationError) {
        if expression.groupCount > 1 {
            throw EvaluationError(
                .invalidArgument,
                "\(name)() needs a pattern with at most one group; write '(?:…)' for others"
            )
        }
    }

    private static func extracting(_ source: @escaping Source) -> LibraryFunction {
        LibraryFunction(
            { Estimate(searching($0) + $0[0].text.read, .text($0[0].text).wrapped) },
            { (arguments, frame) throws(EvaluationError) in
                try arguments.expect(2...2, "regex.extract")
                let text = try arguments.text(0, "regex.extract")
                let expression = try source(try arguments.text(1, "regex.extract"), &frame)
                try checkGroups(expression, "regex.extract")
                try frame.read(2 * text.utf8.count)
                let bytes = Array(text.utf8)
                guard let found = expression.firstMatch(in: bytes, from: 0),
                    let range = found[found.count - 1]
                else { return .optional(.none) }
                return .optional(
                    OptionalValue(.string(String(decoding: bytes[range], as: UTF8.self)))
                )
            }
        )
    }

    private static func extractingAll(_ source: @escaping Source) -> LibraryFunction {
        LibraryFunction(
            { (bounds: [Bound]) in
                let count = bounds[0].text + 1
                return Estimate(
                    walking(bounds),
                    Bound(
                        text: bounds[0].text,
                        count: count,
                        weight: 2 + count + bounds[0].text.read,
                        element: 1 + bounds[0].text.read
                    )
                )
            },
            { (arguments, frame) throws(EvaluationError) in
                try arguments.expect(2...2, "regex.extractAll")
                let text = try arguments.text(0, "regex.extractAll")
                let expression = try source(try arguments.text(1, "regex.extractAll"), &frame)
                try checkGroups(expression, "regex.extractAll")
                let bytes = Array(text.utf8)
                var all: [ExpressionValue] = []
                try walk(bytes, expression, limit: .max, &frame) { found in
                    guard let range = found[found.count - 1] else { return }
                    // A group that took part but is empty says nothing.
                    if found.count > 1, range.isEmpty { return }
                    all.append(.string(String(decoding: bytes[range], as: UTF8.self)))
                }
                return .list(all)
            }
        )
    }

    private static func replacing(_ source: @escaping Source) -> LibraryFunction {
        LibraryFunction(
            { (bounds: [Bound]) in
                // A digit of the replacement may stand for the whole match; what the matches have
                // together is the text.
                let text =
                    bounds[0].text + (bounds[0].text + 1) * bounds[2].text
                    + bounds[0].text * bounds[2].text
                return Estimate(walking(bounds) + bounds[2].text.read + text.read, .text(text))
            },
            { (arguments, frame) throws(EvaluationError) in
                try arguments.expect(3...4, "regex.replace")
                let text = try arguments.text(0, "regex.replace")
                let expression = try source(try arguments.text(1, "regex.replace"), &frame)
                let written = try arguments.text(2, "regex.replace")
                let limit = arguments.count == 4 ? try arguments.int(3, "regex.replace") : -1
                try frame.read(written.utf8.count)
                let parts = try replacement(written, groups: expression.groupCount)
                let bytes = Array(text.utf8)
                var result: [UInt8] = []
                var end = 0
                var tooLarge = false
                try walk(bytes, expression, limit: limit < 0 ? .max : limit, &frame) { found in
                    guard let whole = found[0], !tooLarge else { return }
                    result += bytes[end..<whole.lowerBound]
                    end = whole.upperBound
                    for part in parts {
                        switch part {
                        case .text(let text): result += text
                        case .group(let group):
                            if let range = found[group] { result += bytes[range] }
                        }
                        if result.count > Limits.textBytes { tooLarge = true }
                    }
                }
                try Texts.checkSize(tooLarge ? Limits.textBytes + 1 : result.count)
                result += bytes[end...]
                return .string(try Texts.built(String(decoding: result, as: UTF8.self), &frame))
            }
        )
    }

    /// Calls `body` with the groups of each match, the whole match first.
    private static func walk(
        _ bytes: [UInt8],
        _ expression: RegularExpression,
        limit: Int64,
        _ frame: inout Frame,
        _ body: ([Range<Int>?]) -> Void
    ) throws(EvaluationError) {
        var start = 0
        var lastEnd = -1
        var left = limit
        while left > 0, start <= bytes.count {
            try frame.spend(1 + skimmed(bytes.count - start))
            guard let found = expression.firstMatch(in: bytes, from: start), let whole = found[0]
            else { return }
            // Groups are found by a slower reading of the match.
            try frame.spend(whole.count >> 2)
            if !(whole.isEmpty && whole.lowerBound == lastEnd) {
                body(found)
                left -= 1
            }
            lastEnd = whole.upperBound
            start = whole.upperBound
            if whole.isEmpty {
                // On to the next code point.
                start += 1
                while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
            }
        }
    }

    private enum Part {
        case text([UInt8])
        case group(Int)
    }

    /// `\1` stands for a group, `\0` for the match, and `\\` for a backslash.
    private static func replacement(
        _ text: String,
        groups: Int
    ) throws(EvaluationError) -> [Part] {
        var parts: [Part] = []
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                isEscaped = false
                if byte == UInt8(ascii: "\\") {
                    plain.append(byte)
                    continue
                }
                guard (0x30...0x39).contains(byte), Int(byte - 0x30) <= groups else {
                    throw EvaluationError(
                        .invalidArgument,
                        "the replacement has a '\\' before what is neither one of the \(groups) "
                            + "groups nor '\\'"
                    )
                }
                parts += [.text(plain), .group(Int(byte - 0x30))]
                plain = []
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        if isEscaped {
            throw EvaluationError(.invalidArgument, "the replacement ends with a single '\\'")
        }
        return parts + [.text(plain)]
    }
}
