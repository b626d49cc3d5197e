internal import Expressions
internal import Values

/// Conditions on an input that is parsed, and how long it takes to compile many of them.
enum ConditionBenchmark {
    private static let compiled = 1_000

    static func figures() throws -> [Figure] {
        let published = try ConditionCase.published.map { condition in
            try condition.measured { byHand(condition.input) }
        }
        return published + (try ConditionCase.typical.map { try $0.measured() })
            + [try compiling()]
    }

    /// Different expressions, none of which was seen before.
    private static func compiling() throws -> Figure {
        let cases = ConditionCase.published + ConditionCase.typical
        let fragments = (0..<compiled).map { number in
            SourceFragment(
                name: "<condition>",
                text: "\(cases[number % cases.count].text) || request.paid == \(number).5"
            )
        }
        var failure: Diagnostics?
        let nanoseconds = Measure.nanoseconds(1) {
            for fragment in fragments {
                do throws(Diagnostics) {
                    _ = try ConditionCase.environment.compile(fragment, expecting: .bool)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return Figure(
            "compiling \(compiled) conditions",
            unit: "ms",
            subject: nanoseconds / 1e6,
            goal: .under(200)
        )
    }

    /// The published condition in Swift.
    @inline(never)
    private static func byHand(_ input: JSON) -> Bool {
        guard let amount = input["amount"]?.number, amount > 500 else { return false }
        guard let tier = input["tier"]?.string, tier == "gold" || tier == "platinum" else {
            return false
        }
        return input["tags"]?.array?.contains { $0.string?.hasPrefix("urgent") ?? false } ?? false
    }
}
