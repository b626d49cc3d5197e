internal import Engine
internal import Models
internal import Platform
internal import Synchronization
internal import Values

/// The machine's own time.
struct SystemClock: CallClock {
    private static let start = ContinuousClock.now

    var now: Instant { Process.now }

    var uptime: Duration { Self.start.duration(to: .now) }

    func sleep(for duration: Duration) async throws(CancellationError) {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw CancellationError()
        }
    }
}

/// The kernel's chance, fetched a page at a time since a system call costs more than a salt.
final class SystemChance: Chance {
    private struct Pool {
        var words: [UInt64] = []
    }

    private static let poolWords = 512
    private let pool = Mutex(Pool())

    func word() -> UInt64 {
        pool.withLock { pool in
            if pool.words.isEmpty {
                pool.words = Process.randomWords(Self.poolWords)
            }
            return pool.words.removeLast()
        }
    }

    func fraction() -> Double { Double(word() >> 11) * 0x1p-53 }
}

extension Surroundings {
    /// The machine's own time and chance.
    static let system = Surroundings(clock: SystemClock(), chance: SystemChance())
}

enum System {
    /// The rules of a time zone by its IANA name; nothing where this machine does not have it.
    static func zone(_ name: String) -> TimeZoneRules? {
        do {
            return try TimeZones.rules(named: name)
        } catch {
            return nil
        }
    }
}
