import Foundation
import TestSupport
import Testing
import Values

/// The public JSON Schema suite: every file that is there, whatever its name.
struct SchemaConformanceTests {
    static let folder = "jsonschema"

    /// Files with groups; `format/…` are those that want formats asserted.
    static let files: [String] = {
        guard let root = Conformance.folder else { return [] }
        let folder = URL(filePath: root).appending(path: Self.folder)
        return ["", "format/"].flatMap { inner -> [String] in
            let path = folder.appending(path: inner).path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return names.filter { $0.hasSuffix(".json") && $0 != "counts.json" }.sorted()
                .map { inner + $0.dropLast(5) }
        }
    }()

    @Test(.enabled(if: !files.isEmpty, "the conformance cases are not here"))
    func `every case of the public suite comes out`() throws {
        var failures: [String] = []
        for file in Self.files {
            let outcome = try Self.outcome(of: file)
            print(
                "jsonschema \(file): passed \(outcome.count - outcome.failures.count) "
                    + "of \(outcome.count)"
            )
            failures += outcome.failures.map { "\(file): \($0)" }
        }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    private static func outcome(of file: String) throws -> (count: Int, failures: [String]) {
        var failures: [String] = []
        var count = 0
        for group in try read("\(folder)/\(file).json").array ?? [] {
            // Documents that the suite serves over HTTP are not fetched.
            guard group["remote"]?.bool != true, let written = group["schema"] else { continue }
            let tests = group["tests"]?.array ?? []
            let name = group["description"]?.string ?? ""
            count += tests.count
            do throws(Diagnostics) {
                let asserted = file.hasPrefix("format/")
                let schema = try Schema(written, formats: asserted ? .asserted : .annotated)
                for test in tests {
                    let found = schema.validate(test["data"] ?? .null)
                    if found.isEmpty != test["valid"]?.bool {
                        let told = found.map(\.description).joined(separator: "; ")
                        failures.append("\(name) / \(test["description"]?.string ?? ""): \(told)")
                    }
                    #expect(schema.allows(test["data"] ?? .null) == found.isEmpty)
                }
            } catch {
                failures += tests.map { _ in "\(name): \(error.rendered)" }
            }
        }
        return (count, failures)
    }

    /// The JSON of a file; an integer beyond 64 bits, which our values have as a double only, gets
    /// the exponent that says so.
    private static func read(_ path: String) throws -> JSON {
        let url = URL(filePath: Conformance.folder ?? "").appending(path: path)
        var bytes = [UInt8](try Data(contentsOf: url))
        while true {
            do throws(JSONError) {
                return try JSON.read(bytes)
            } catch {
                guard error.code == .numberRange else { throw error }
                var end = error.position.offset
                while end < bytes.count, bytes[end] == 0x2D || (0x30...0x39).contains(bytes[end]) {
                    end += 1
                }
                try #require(bytes[end] != 0x65, "a number beyond a double")
                bytes.insert(contentsOf: "e0".utf8, at: end)
            }
        }
    }
}
