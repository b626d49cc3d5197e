/// One of the schemas of `anyOf` or `oneOf`, with what a value lacks to be of it.
struct SchemaForm {
    struct Failure {
        let failure: SchemaFailure
        let order: [Int]
    }

    let rule: Int
    let number: Int
    let failures: [Failure]
    /// The place of the value that should have one of the forms.
    let place: SchemaExplanation.Place

    /// How far the value is from it: another kind of value is farthest, then another value of what
    /// tells the forms apart, then the number of failures.
    var distance: Int {
        let depth = place.tokens.count
        return failures.reduce(0) { sum, each in
            let below = each.failure.pointer.tokens.count - depth
            let isChoice = ["const", "enum"].contains(each.failure.keyword)
            switch (each.failure.keyword, below) {
            case ("type", 0): return sum + 10_000
            case _ where isChoice && below <= 1: return sum + 100
            case ("type", 1): return sum + 3
            default: return sum + 1
            }
        }
    }

    /// Whether all that is wrong is that keyword, of the value itself.
    func fails(only keyword: String) -> Bool {
        failures.count == 1 && failures[0].failure.keyword == keyword
            && failures[0].failure.pointer.tokens.count == place.tokens.count
    }
}

extension SchemaExplanation {
    /// A value that is of none of several forms: what the nearest one asks for.
    mutating func explainForms(
        _ value: JSON,
        _ numbers: [Int],
        _ place: Place,
        keyword: String = "anyOf"
    ) {
        var forms: [SchemaForm] = []
        for (number, rule) in numbers.prefix(Limits.formsExplained).enumerated() {
            let failures = apart(value, rule, place)
            forms.append(SchemaForm(rule: rule, number: number, failures: failures, place: place))
        }
        guard let best = forms.min(by: { $0.distance < $1.distance }) else {
            return fail(place, keyword, "fits none of the allowed forms")
        }
        if forms.count == numbers.count, forms.allSatisfy({ $0.fails(only: "type") }) {
            let kinds = forms.reduce(into: SchemaKinds()) {
                $0.formUnion(program.rules[$1.rule].kinds)
            }
            // A form may refer to the schema that has the type; its words tell then.
            if kinds != .all {
                let words = "expected \(kinds.words); got \(value.kindWithArticle)"
                return fail(place, keyword, words)
            }
        }
        if forms.count == numbers.count, forms.allSatisfy({ $0.fails(only: "const") }) {
            return fail(place, keyword, expectation(of: forms) + "; got \(value.shown)")
        }
        if numbers.count == 1 { return add(best.failures) }
        let near = "form \(best.number + 1) is the nearest"
        fail(place, keyword, "fits none of the \(numbers.count) allowed forms; \(near)")
        add(best.failures)
    }

    private func expectation(of forms: [SchemaForm]) -> String {
        let values = forms.flatMap { form in
            program.keywords[program.rules[form.rule].checks].flatMap { keyword -> [JSON] in
                guard case .enumeration(let number) = keyword else { return [] }
                return program.enumerations[number].values
            }
        }
        return SchemaEnumeration(values, keyword: "const").expectation
    }

    /// A value that is of no form or of several.
    mutating func explainOne(_ value: JSON, _ numbers: [Int], _ place: Place) {
        var fitting: [Int] = []
        for (number, rule) in numbers.enumerated() where check.fits(value, rule, nil) {
            fitting.append(number + 1)
        }
        if fitting.isEmpty { return explainForms(value, numbers, place, keyword: "oneOf") }
        let listed = fitting.prefix(Limits.namesShown).map(String.init).joined(separator: ", ")
        fail(
            place,
            "oneOf",
            "fits \(fitting.count) forms (\(listed)), expected exactly one"
        )
    }
}

extension SchemaEnumeration {
    /// `expected one of a, b`, as many as a person reads.
    var expectation: String {
        let shown = values.prefix(Limits.namesShown).map { $0.string ?? $0.shown }
        let more = values.count > shown.count ? ", …" : ""
        return "expected \(values.count == 1 ? "" : "one of ")"
            + shown.joined(separator: ", ") + more
    }
}

extension JSON {
    /// The value, short enough for a message.
    var shown: String {
        let text = string.map { "'\($0)'" } ?? compactText
        return text.count <= 60 ? text : text.prefix(57) + "…"
    }
}

extension DecimalNumber: CustomStringConvertible {
    /// As it would be written in JSON.
    var description: String {
        let text = String(digits)
        if exponent == 0 { return text }
        if exponent > 0 { return exponent <= 6 ? text + zeroes(exponent) : "\(text)e\(exponent)" }
        if exponent < -12 { return "\(text)e\(exponent)" }
        let padded = zeroes(max(0, 1 - exponent - text.count)) + text
        let point = padded.index(padded.endIndex, offsetBy: exponent)
        return padded[..<point] + "." + padded[point...]
    }

    private func zeroes(_ count: Int) -> String { String(repeating: "0", count: count) }
}

/// `1 character`, `2 characters`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
