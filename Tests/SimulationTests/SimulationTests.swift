import Foundation
import Testing
import Values

/// Worlds by their seeds, as many as the environment says.
///
/// `STEPGATE_SEEDS` says how many, `STEPGATE_FROM_SEED` from which on, and `STEPGATE_FAILURES` how
/// many may fail before the rest is left out. `STEPGATE_SIMULATION_LOG` names a file that gets a line
/// a seed.
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
        environment[name].flatMap { UInt64($0) } ?? standard
    }

    @Test(.timeLimit(.minutes(600))) func `every invariant holds in every world`() async throws {
        let log = SimulationLog(path: Self.environment["STEPGATE_SIMULATION_LOG"])
        let first = Self.number("STEPGATE_FROM_SEED", 0)
        var failures: UInt64 = 0
        for seed in first..<first + Self.number("STEPGATE_SEEDS", 200) {
            let outcome = try await Simulation(seed: seed).run()
            try log.add(outcome)
            if outcome.findings.isEmpty { continue }
            Issue.record("\(outcome.report)")
            failures += 1
            if failures >= Self.number("STEPGATE_FAILURES", 1) { return }
        }
    }

    @Test func `the same seed gives the same commits`() async throws {
        for seed in [3, 14, 15, 92] as [UInt64] {
            let first = try await Simulation(seed: seed).run()
            let second = try await Simulation(seed: seed).run()
            #expect(first.commits > 10)
            #expect(first.commits == second.commits)
            #expect(first.trace == second.trace)
        }
    }
}

/// A line a seed: the seed, what it was like, and what was not as it must be.
struct SimulationLog {
    let path: String?

    func add(_ outcome: Simulation.Outcome) throws {
        guard let path else { return }
        let found = Set(outcome.findings.map(\.invariant.rawValue)).sorted().joined(separator: "; ")
        let line =
            "\(outcome.seed)\t\(outcome.commits)\t\(outcome.runs)\t\(outcome.promises)\t"
            + "\(outcome.trace.hex.prefix(16))\t\(found)\n"
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw CocoaError(.fileNoSuchFile)
        }
        try file.seekToEnd()
        try file.write(contentsOf: Data(line.utf8))
        try file.close()
    }
}

/// Bugs that the simulation is known to find, each a patch; `Scripts/simulate --bugs` plants them.
struct PlantedBugTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized

    private static func patches() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: "Tests/SimulationTests/Bugs"),
            includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "patch" }
    }

    @Test func `every planted bug still has its place, and a seed that finds it`() throws {
        let patches = try Self.patches()
        #expect(patches.count >= 12)
        let document = try String(
            contentsOf: Self.root.appending(path: "Docs/Simulation.md"),
            encoding: .utf8
        )
        for patch in patches {
            let text = try String(contentsOf: patch, encoding: .utf8)
            let name = patch.lastPathComponent
            let head = text.split(separator: "\n").prefix(3).map { line in
                line.drop { $0 != ":" }.dropFirst(2)
            }
            #expect(text.hasPrefix("Seed: "), "\(name)")
            #expect(
                document.contains("| \(head[1]) | \(head[0]) | \(head[2]) |"),
                "Docs/Simulation.md does not say of \(name) what its head says"
            )
            for (file, old) in Self.places(text) {
                let source = try String(
                    contentsOf: Self.root.appending(path: file),
                    encoding: .utf8
                )
                #expect(source.contains(old), "\(name) does not fit \(file)")
            }
        }
    }

    /// What the patch wants to find, place by place, and in which file.
    private static func places(_ patch: String) -> [(file: String, old: String)] {
        var places: [(file: String, old: String)] = []
        var file = ""
        for line in patch.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("--- a/") {
                file = String(line.dropFirst(6))
            } else if line.hasPrefix("@@ ") {
                places.append((file, ""))
            } else if let first = line.first, first == " " || first == "-", !places.isEmpty,
                !line.hasPrefix("--- ")
            {
                places[places.count - 1].old += line.dropFirst() + "\n"
            }
        }
        return places
    }
}
