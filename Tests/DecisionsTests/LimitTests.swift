import Decisions
import TestSupport
import Testing
import Values

/// Every limit of the log, reached.
struct LimitTests {
    /// Entries whose hashes do not follow one from the other.
    private func findings(_ count: Int) -> [Verification.Finding] {
        let entry = StoreFixture.entry(StoreFixture.record(1))
        var verification = Verification()
        for sequence in 1...Int64(count) {
            verification.add(
                StoredEntry(
                    sequence: sequence,
                    hash: .zero,
                    bytes: entry.canonicalBytes,
                    previous: 0,
                    payload: []
                )
            )
        }
        verification.finish()
        return verification.findings
    }

    @Test func `of many findings the first hundred are kept`() {
        let all = (1...Int64(Limits.findings)).map { Verification.Finding.hash(sequence: $0) }
        #expect(findings(Limits.findings) == all)
        #expect(findings(Limits.findings + 1) == all)
    }
}
