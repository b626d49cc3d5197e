internal import Engine
internal import Models
internal import Platform
internal import Synchronization
internal import Values

/// The machine's own time and chance, as the program has them.
enum BenchSurroundings {
    private struct SystemTime: CallClock {
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

    /// As the program's own: fetched from the kernel many words at a time.
    private final class SystemChance: Chance {
        private let pool = Mutex<[UInt64]>([])

        func word() -> UInt64 {
            pool.withLock { pool in
                if pool.isEmpty { pool = Process.randomWords(512) }
                return pool.removeLast()
            }
        }

        func fraction() -> Double { Double(word() >> 11) * 0x1p-53 }
    }

    static func make() -> Surroundings {
        Surroundings(clock: SystemTime(), chance: SystemChance())
    }
}

struct NoRelease: ReleaseSource {
    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        throw EngineError(.release, "there is one release only")
    }
}

struct NoAttachments: AttachmentSource {
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        throw AttachmentError("there are no files here")
    }
}
