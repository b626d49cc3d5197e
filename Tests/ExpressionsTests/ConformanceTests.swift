import TestSupport
import Testing
import Values

@testable import Expressions

struct ConformanceTests {
    static let files = [
        "basic", "comparisons", "conversions", "fields", "fp_math", "integer_math", "lists",
        "logic", "macros", "macros2", "namespace", "optionals", "parse", "plumbing", "string",
        "timestamps", "type_deduction",
    ]

    @Test(.enabled(if: Conformance.isHere, "the conformance cases are not here"), arguments: files)
    func `every case of the public CEL suite comes out`(file: String) throws {
        var failures: [String] = []
        let cases = try ConformanceCase.cases(file)
        for each in cases where each.json["proto"]?.bool != true {
            if let failure = each.failure() {
                failures.append("\(each.id): \(each.json["expr"]?.string ?? "") -> \(failure)")
            }
        }
        #expect(
            failures.isEmpty,
            "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))"
        )
    }
}
