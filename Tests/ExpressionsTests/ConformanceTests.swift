import Foundation
import TestSupport
import Testing
import Values

@testable import Expressions

struct ConformanceTests {
    /// Every file of cases in the folder, whatever its name.
    private static let files: [String] = {
        let folder = (Conformance.folder ?? "") + "/cel"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".json") && $0 != "counts.json" }
            .map { String($0.dropLast(5)) }.sorted()
    }()

    @Test(
        .enabled(if: Conformance.isHere, "skipped: the conformance cases are not here"),
        arguments: files
    )
    func `every case of the public CEL suite comes out`(file: String) throws {
        var failures: [String] = []
        // Messages of Protocol Buffers are not used here.
        let cases = try ConformanceCase.cases(file).filter { $0.json["proto"]?.bool != true }
        for each in cases {
            if let failure = each.failure() {
                failures.append("\(each.id): \(each.json["expr"]?.string ?? "") -> \(failure)")
            }
        }
        let passed = cases.count - failures.count
        FileHandle.standardOutput.write(
            Data("cel \(file): passed \(passed) of \(cases.count)\n".utf8)
        )
        #expect(
            failures.isEmpty,
            "\(failures.count) of \(cases.count):\n\(failures.joined(separator: "\n"))"
        )
    }
}
