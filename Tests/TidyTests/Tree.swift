import Foundation

/// The files of the repository, and what a rule has to say of a line.
enum Tree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized.path

    struct File: Sendable {
        /// From the root.
        let path: String
        let lines: [String]

        /// The lines with texts and comments blanked out, so that rules see only code.
        var code: [String] {
            var inBlock = false
            var inText = false
            return lines.map { line in
                var kept = ""
                var rest = line[...]
                var quoted = false
                while let character = rest.first {
                    if inText {
                        if rest.hasPrefix("\"\"\"") {
                            inText = false
                            rest = rest.dropFirst(3)
                        } else {
                            rest = rest.dropFirst()
                        }
                        continue
                    }
                    if quoted {
                        if character == "\\" { rest = rest.dropFirst() }
                        if character == "\"" { quoted = false }
                        rest = rest.dropFirst()
                        continue
                    }
                    if inBlock {
                        if rest.hasPrefix("*/") { inBlock = false }
                        rest = rest.dropFirst()
                        continue
                    }
                    if rest.hasPrefix("//") { break }
                    if rest.hasPrefix("/*") { inBlock = true }
                    if rest.hasPrefix("\"\"\"") {
                        inText = true
                        rest = rest.dropFirst(3)
                        continue
                    }
                    if character == "\"" { quoted = true }
                    kept.append(character)
                    rest = rest.dropFirst()
                }
                return kept
            }
        }
    }

    static func files(_ folders: [String], endings: [String] = [".swift"]) -> [File] {
        var found: [File] = []
        for folder in folders {
            let base = root + "/" + folder
            for case let name as String in FileManager.default.enumerator(atPath: base) ?? .init()
            where endings.contains(where: { name.hasSuffix($0) }) {
                guard let text = try? String(contentsOfFile: base + "/" + name, encoding: .utf8)
                else { continue }
                found.append(
                    File(
                        path: folder + "/" + name,
                        lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                            .map(String.init)
                    )
                )
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    static let sources = files(["Sources"])
    static let tests = files(["Tests"])

    /// The folder's tier and target: `Core`, `Values`.
    static func place(_ path: String) -> (tier: String, target: String) {
        let parts = path.split(separator: "/").map(String.init)
        return parts.count > 3 ? (parts[1], parts[2]) : ("", "")
    }
}

/// What a rule found: where, why it matters, and what to do.
func finding(_ file: Tree.File, _ line: Int, _ reason: String, _ remedy: String) -> String {
    "\(file.path):\(line + 1): \(reason); \(remedy)"
}
