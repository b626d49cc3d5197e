@testable import Engine
import Storage
import TestSupport
import Testing
import Values

/// What is kept at hand of the log for those who follow it.
struct EventRingTests {
    private func event(_ sequence: Int64) throws -> LogEvent {
        let bytes = Array(#"{"at":"2027-01-01T00:00:00Z","facts":{},"kind":"decided"}"#.utf8)
        return LogEvent(try LoggedFacts(BareEntry(sequence: sequence, bytes: bytes)), of: nil)
    }

    @Test func `the last events are at hand without a gap, and older ones are let go`() throws {
        var ring = EventRing(limit: 4)
        ring.begin(at: 10)
        for sequence in Int64(11)...30 {
            ring.add([try event(sequence)])
            #expect(ring.head == sequence)
            #expect(ring.head - ring.base < 8)
            #expect(ring.head - ring.base >= min(4, sequence - 10))
            let last = ring.events(after: ring.base, limit: 100).map(\.sequence)
            #expect(last == Array(ring.base + 1...sequence))
        }
        #expect(ring.events(after: 28, limit: 1).map(\.sequence) == [29])
        #expect(ring.events(after: 30, limit: 1).isEmpty)
    }

    @Test func `what was read for another head is not added`() throws {
        var ring = EventRing(limit: 4)
        ring.add([try event(1), try event(2)])
        ring.add([try event(2), try event(3)])
        ring.add([try event(4)])
        #expect(ring.head == 2)
        ring.begin(at: 7)
        ring.add([try event(3)])
        #expect(ring.head == 7 && ring.base == 7)
    }

    @Test func `owners are remembered up to a bound, the latest surely`() {
        var owners = EventOwners(limit: 10)
        for number in UInt64(0)..<1_000 {
            owners.keep(
                LogEvent.Owner(policy: "p\(number)", caller: "c"),
                of: StoreFixture.id(number)
            )
            #expect(owners.count <= 20)
            #expect(owners[StoreFixture.id(number)]?.policy == "p\(number)")
            if number >= 9 {
                #expect(owners[StoreFixture.id(number - 9)]?.policy == "p\(number - 9)")
            }
        }
        #expect(owners[StoreFixture.id(1)] == nil)
    }

    @Test func `an entry that is not as it was written is told as such`() {
        for text in ["{", "{}", #"{"kind":"decided","at":"x"}"#] {
            #expect(throws: StoreError.self) {
                try LoggedFacts(BareEntry(sequence: 3, bytes: Array(text.utf8)))
            }
        }
    }
}
