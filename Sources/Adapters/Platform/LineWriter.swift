internal import Dispatch
internal import Synchronization

/// Writes lines on a thread of its own, so that a reader who does not read holds nobody up.
///
/// What waits is bounded by bytes; a line beyond that is dropped, and once there is room again the
/// lines that were are told by a line of their own.
package final class LineWriter: Sendable {
    private struct State {
        var waiting: [[UInt8]] = []
        var bytes = 0
        /// Since the last line that told of them.
        var dropped = 0
        var isDraining = false
    }

    private let limit: Int
    private let droppedLine: @Sendable (Int) -> [UInt8]
    private let write: @Sendable ([UInt8]) -> Void
    private let queue = DispatchQueue(label: "stepgate.lines")
    private let state = Mutex(State())

    /// `write` may block; `limit` is how many bytes may wait for it.
    package init(
        limit: Int,
        droppedLine: @escaping @Sendable (Int) -> [UInt8],
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.limit = limit
        self.droppedLine = droppedLine
        self.write = write
    }

    /// Takes a line without waiting; false when there is no room for it.
    package func offer(_ line: [UInt8]) -> Bool {
        let (isTaken, isFirst) = state.withLock { state -> (Bool, Bool) in
            guard state.bytes + line.count <= limit else {
                state.dropped += 1
                return (false, false)
            }
            state.waiting.append(line)
            state.bytes += line.count
            defer { state.isDraining = true }
            return (true, !state.isDraining)
        }
        if isFirst { queue.async { self.drainAndLook() } }
        return isTaken
    }

    /// Writes what waits, then looks again a moment later until nothing came: under load the thread
    /// is woken for many lines, not for each.
    private func drainAndLook() {
        guard drain() else { return }
        queue.asyncAfter(deadline: .now() + Limits.lineGap) { self.drainAndLook() }
    }

    /// Whether anything was written.
    private func drain() -> Bool {
        var isAny = false
        while true {
            let (lines, dropped) = state.withLock { state -> ([[UInt8]], Int) in
                defer {
                    state.waiting = []
                    state.dropped = 0
                }
                if state.waiting.isEmpty, state.dropped == 0, !isAny { state.isDraining = false }
                return (state.waiting, state.dropped)
            }
            if lines.isEmpty, dropped == 0 { return isAny }
            isAny = true
            for piece in Self.joined(lines) {
                write(piece)
                // Room is there once lines are written, not before.
                state.withLock { $0.bytes -= piece.count }
            }
            if dropped > 0 { write(droppedLine(dropped)) }
        }
    }

    /// Lines that are written with one call, which keeps them whole where others write there too.
    private static func joined(_ lines: [[UInt8]]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        for line in lines {
            let place = pieces.count - 1
            if place >= 0, pieces[place].count + line.count <= Limits.joinedLineBytes {
                pieces[place] += line
            } else {
                pieces.append(line)
            }
        }
        return pieces
    }

    /// Waits until everything was written, or as long as that at most.
    package func finish(within time: Duration) async {
        let microseconds = Int(time / .microseconds(1))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let end = Once { continuation.resume() }
            queue.async {
                _ = self.drain()
                end.run()
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(microseconds)) {
                end.run()
            }
        }
    }

    /// Work that is done by whoever comes first.
    private final class Once: Sendable {
        private let work: Mutex<(@Sendable () -> Void)?>

        init(_ work: @escaping @Sendable () -> Void) { self.work = Mutex(work) }

        func run() {
            let first = work.withLock { work in
                defer { work = nil }
                return work
            }
            first?()
        }
    }
}
