import Foundation
import Telemetry
import Testing

/// The page for operators and the table in code say the same.
struct PageTests {
    private static let rows: [[String]] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Docs/Metrics.md").standardized.path
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").filter {
            $0.hasPrefix("| `stepgate_") || $0.hasPrefix("| `process_")
        }.map { row in
            row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }()

    @Test func `the page lists every metric with its kind and labels, and no other`() {
        let told = Self.rows.map { Array($0.prefix(3)) }
        let known = Metric.definitions.map { metric in
            [
                "`\(metric.name)`", metric.kind.word,
                metric.labels.map { "`\($0)`" }.joined(separator: ", "),
            ]
        }
        #expect(told == known)
        #expect(Self.rows.allSatisfy { $0.count == 4 && !$0[3].isEmpty })
    }

    @Test func `names and labels are those Prometheus takes, each once`() throws {
        let names = Metric.definitions.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in Metric.definitions {
            #expect(metric.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil)
            #expect(metric.kind != .counter || metric.name.hasSuffix("_total"))
            #expect(metric.labels.allSatisfy { $0.wholeMatch(of: /[a-z_]+/) != nil && $0 != "le" })
            #expect(!metric.help.isEmpty && !metric.help.hasSuffix("."))
            if case .histogram(let bounds) = metric.kind { #expect(bounds == bounds.sorted()) }
        }
    }
}
