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
        var ring = EventRing<LogEvent>(limit: 4)
        ring.begin(at: 10)
        for sequence in Int64(11)...30 {
            ring.add([try event(sequence)], after: sequence - 1)
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
        var ring = EventRing<LogEvent>(limit: 4)
        ring.add([try event(1), try event(2)], after: 0)
        ring.add([try event(2), try event(3)], after: 1)
        ring.add([try event(4)], after: 3)
        ring.add([], after: 2)
        #expect(ring.head == 2)
        ring.begin(at: 7)
        ring.add([try event(3)], after: 2)
        #expect(ring.head == 7 && ring.base == 7)
    }

    @Test func `where some are no longer kept the ring begins behind them`() throws {
        var ring = EventRing<LogEvent>(limit: 4)
        ring.add([try event(1), try event(2)], after: 0)
        ring.add([try event(9), try event(10)], after: 2)
        #expect(ring.base == 8 && ring.head == 10)
        #expect(ring.events(after: 8, limit: 9).map(\.sequence) == [9, 10])
    }

    @Test(
        arguments: [
            ("0", 0, nil), ("120", 120, nil), ("120.45", 120, 45), ("0.0", 0, 0),
            (
                "999999999999999999.999999999999999999", 999_999_999_999_999_999,
                999_999_999_999_999_999
            ),
        ] as [(String, Int64, Int64?)]
    )
    func `a start is read as it is written`(text: String, entry: Int64, change: Int64?) throws {
        let start = try #require(EventStart(text))
        #expect(start == EventStart(entry: entry, change: change))
        guard let change else { return }
        #expect(EventPosition(entry: entry, change: change).description == text)
    }

    @Test(arguments: ["", ".", "1.", ".1", "1.2.3", "-1", "1.-2", "+1", "x", "1,2", " 1", "٣"])
    func `what is no start is not taken for one`(text: String) {
        #expect(EventStart(text) == nil)
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
