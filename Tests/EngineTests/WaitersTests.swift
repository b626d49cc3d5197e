import Decisions
import Models
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// Callers who wait, and what wakes each of them.
struct WaitersTests {
    /// Who left when, in the order they left.
    private final class Left: Sendable {
        private let state = Mutex<[(name: String, at: Duration)]>([])

        var names: [String] { state.withLock { $0.map(\.name) } }
        var times: [Duration] { state.withLock { $0.map(\.at) } }

        func note(_ name: String, _ at: Duration) { state.withLock { $0.append((name, at)) } }
    }

    @Test func `each leaves at its time, when it is told, or when everything stops`() async throws {
        try await VirtualTime.run { time in
            let waiters = Waiters(clock: time)
            let left = Left()
            let start = time.now
            func wait(_ name: String, _ number: UInt64, _ seconds: Int64) async {
                let until = start + .seconds(seconds)
                _ = await waiters.wait(for: StoreFixture.id(number), .settled, until: until)
                left.note(name, time.now - start)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await waiters.run() }
                group.addTask { await wait("late", 1, 30) }
                group.addTask { await wait("early", 2, 10) }
                group.addTask { await wait("told", 3, 60) }
                group.addTask { await wait("stopped", 4, 60) }
                group.addTask {
                    try await time.sleep(for: .seconds(20))
                    // A review is no end to who waits for one.
                    waiters.tell(StoreFixture.id(3), .review)
                    try await time.sleep(for: .seconds(1))
                    waiters.tell(StoreFixture.id(3), .decided)
                    try await time.sleep(for: .seconds(20))
                    #expect(waiters.all == [StoreFixture.id(4)])
                    waiters.stop()
                }
                try await group.waitForAll()
            }
            #expect(left.names == ["early", "told", "late", "stopped"])
            #expect(left.times == [.seconds(10), .seconds(21), .seconds(30), .seconds(41)])
            await wait("after", 5, 60)
            #expect(left.names.last == "after")
        }
    }

    @Test func `who is told of a decision by its maker is given it, and others look for it`()
        async throws
    {
        try await VirtualTime.run { time in
            let waiters = Waiters(clock: time)
            let view = DecisionView(record: StoreFixture.record(1), output: "yes")
            let until = time.now + .seconds(60)
            try await withThrowingTaskGroup(of: DecisionView?.self) { group in
                group.addTask { await waiters.wait(for: view.record.id, .settled, until: until) }
                group.addTask {
                    try await time.sleep(for: .seconds(1))
                    waiters.tell(view.record.id, .decided, view)
                    return nil
                }
                var given: [DecisionView] = []
                for try await told in group { if let told { given.append(told) } }
                #expect(given == [view])
            }
            // Who comes later knows that it is decided, and has to look how.
            let later = await waiters.wait(for: view.record.id, .settled, until: until)
            #expect(later == nil)
        }
    }

    @Test func `many who leave one after the other leave within a moment of their times`()
        async throws
    {
        try await VirtualTime.run { time in
            let waiters = Waiters(clock: time)
            let left = Left()
            let start = time.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await waiters.run() }
                for number in 1...500 as ClosedRange<UInt64> {
                    let until = start + .milliseconds(Int64(number))
                    group.addTask {
                        _ = await waiters.wait(for: StoreFixture.id(number), .settled, until: until)
                        left.note("\(number)", time.now - until)
                        if number == 500 { waiters.stop() }
                    }
                }
            }
            #expect(left.names.count == 500)
            #expect(left.times.allSatisfy { $0 >= .zero && $0 <= Limits.alarmPause })
        }
    }

    @Test func `what was told just before is heard, and forgotten after many others`() async throws
    {
        try await VirtualTime.run { time in
            let waiters = Waiters(clock: time)
            let start = time.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await waiters.run() }
                group.addTask {
                    waiters.tell(StoreFixture.id(1), .review)
                    waiters.tell(StoreFixture.id(2), .decided)
                    let until = start + .seconds(60)
                    _ = await waiters.wait(for: StoreFixture.id(2), .settled, until: until)
                    #expect(time.now == start)
                    // That it waits for a person answers one wish and not the other.
                    _ = await waiters.wait(for: StoreFixture.id(1), .answered, until: until)
                    #expect(time.now == start)
                    for number in 0..<UInt64(Limits.tellingsKept) {
                        waiters.tell(StoreFixture.id(number + 10), .decided)
                    }
                    _ = await waiters.wait(for: StoreFixture.id(2), .settled, until: until)
                    #expect(time.now == until)
                    waiters.stop()
                }
            }
        }
    }

    @Test func `who is cancelled leaves, and those are looked at who came since`() async throws {
        try await VirtualTime.run { time in
            let waiters = Waiters(clock: time)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let until = time.now + .seconds(60)
                group.addTask {
                    _ = await waiters.wait(for: StoreFixture.id(1), .settled, until: until)
                }
                try await time.sleep(for: .seconds(1))
                let first = waiters.waited(among: [], since: 0)
                #expect(first.decisions == [StoreFixture.id(1)])
                #expect(waiters.waited(among: [], since: first.number).decisions.isEmpty)
                let ids = [StoreFixture.id(1), StoreFixture.id(2)]
                #expect(
                    waiters.waited(among: ids, since: first.number).decisions
                        == [StoreFixture.id(1)]
                )
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(waiters.count == 0)
        }
    }
}
