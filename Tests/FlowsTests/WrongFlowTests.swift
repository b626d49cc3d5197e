import Documents
import Flows
import Foundation
import Testing
import Values

/// A flow that has something wrong, and all that is said of it: one entry of `Cases/*.yaml`.
struct WrongFlow: Sendable, CustomTestStringConvertible {
    struct Finding: Sendable, Equatable {
        /// `LINE:COLUMN`, the first line being `flow: test`.
        let at: String
        let severity: Diagnostic.Severity
        let message: String
        let fix: String?
    }

    let text: String
    let findings: [Finding]

    static func all(_ file: String) throws -> [WrongFlow] {
        let path = "Cases/\(file).yaml"
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: path)
        let source = SourceText(name: path, text: try String(contentsOf: url, encoding: .utf8))
        return try #require(try YAMLReader().read(source).elements).map(WrongFlow.init)
    }

    private init(_ node: Node) throws {
        if let steps = node["steps"]?.scalar?.string {
            let lines = steps.split(separator: "\n").map { "  " + $0 }
            text = Fixture.steps(lines.joined(separator: "\n"))
        } else {
            text = try #require(node["flow"]?.scalar?.string)
        }
        findings = try #require(node["finds"]?.elements).map { found in
            let isWarning = found["warning"] != nil
            return Finding(
                at: try #require(found["at"]?.scalar?.string),
                severity: isWarning ? .warning : .error,
                message: try #require((found["warning"] ?? found["error"])?.scalar?.string),
                fix: found["fix"]?.scalar?.string
            )
        }
    }

    var testDescription: String { findings.first?.message ?? "" }
}

struct WrongFlowTests {
    @Test(arguments: ["head", "steps", "references", "work", "blocks", "failures"])
    func `what is wrong is told with its place and its fix`(_ file: String) throws {
        for wrong in try WrongFlow.all(file) {
            let set = try Fixture.check(wrong.text)
            let found = set.diagnostics.map {
                WrongFlow.Finding(
                    at: "\($0.position.line):\($0.position.column)",
                    severity: $0.severity,
                    message: $0.message,
                    fix: $0.fix
                )
            }
            #expect(found == wrong.findings, "\(wrong.text)")
            #expect(set.hasErrors == set.flows.isEmpty, "\(wrong.text)")
        }
    }
}
