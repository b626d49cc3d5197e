import Foundation
import TestSupport
import Testing
import Values

struct SimulationTests {
    /// `STEPGATE_SEEDS`, or enough to meet every kind of fault; from `STEPGATE_FROM_SEED` on.
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEPGATE_SEEDS"].flatMap { UInt64($0) } ?? 200
        let first = environment["STEPGATE_FROM_SEED"].flatMap { UInt64($0) } ?? 0
        return first..<first + count
    }()

    @Test(.timeLimit(.minutes(10))) func `every invariant holds in every world`() async throws {
        for seed in Self.seeds {
            let outcome = try await Simulation(seed: seed).run()
            if !outcome.findings.isEmpty {
                Issue.record("\(outcome.report)")
                return
            }
        }
    }

    @Test func `the same seed gives the same commits`() async throws {
        for seed in [3, 14, 15] as [UInt64] {
            let first = try await Simulation(seed: seed).run()
            let second = try await Simulation(seed: seed).run()
            #expect(first.commits > 20)
            #expect(first.commits == second.commits)
            #expect(first.trace == second.trace)
        }
    }
}
