/// What is told in an order that numbers give.
protocol Numbered: Sendable {
    /// Consecutive from 1.
    var sequence: Int64 { get }
}

extension LogEvent: Numbered {}
extension RunChangeEvent: Numbered {}

/// The last events in their order, without a gap.
struct EventRing<Event: Numbered> {
    private let limit: Int
    private var events: [Event] = []
    /// The sequence after which `events` begins.
    private(set) var base: Int64 = 0
    /// The sequence up to which all was read.
    var head: Int64 { base + Int64(events.count) }

    init(limit: Int) { self.limit = limit }

    /// Forgets what is at hand and goes on from there.
    mutating func begin(at sequence: Int64) {
        events = []
        base = sequence
    }

    /// Adds what was read after `head`; where that has moved since, it was read for nothing.
    ///
    /// A page that begins later, since what came before is no longer kept, is gone on from.
    mutating func add(_ page: [Event], after read: Int64) {
        guard read == head, let first = page.first?.sequence, first > read else { return }
        if first > read + 1 { begin(at: first - 1) }
        events += page
        // Let go of many at once, so that each is moved once and not each time.
        if events.count >= 2 * limit {
            base += Int64(events.count - limit)
            events.removeFirst(events.count - limit)
        }
    }

    /// At most so many after that sequence, which the ring covers.
    func events(after sequence: Int64, limit: Int) -> [Event] {
        Array(events.dropFirst(Int(sequence - base)).prefix(limit))
    }
}
