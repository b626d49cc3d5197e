import Autonomy
import Decisions
import Documents
import Engine
import Models
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Promotions by a desk, followed by an engine at work.
struct ReleaseDeskTests {
    private let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
    private let clock = ManualClock()

    private var surroundings: Surroundings {
        Surroundings(clock: clock, chance: SeededChance(seed: 1))
    }

    private var desk: ReleaseDesk {
        ReleaseDesk(
            store: store,
            releases: StoredReleases(store: store),
            surroundings: surroundings
        )
    }

    private func release(_ bound: Int) throws -> Release {
        let policy = """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: small, when: input.amount <= \(bound), decide: {action: refund}}]
            """
        return try StoredReleases.workspace([
            "stepgate.yaml": Array("models: {}".utf8), "Policies/refund.yaml": Array(policy.utf8),
        ]).release
    }

    private func kept(_ bound: Int) async throws -> Digest {
        clock.advance(by: .seconds(1))
        return try await desk.keep(try release(bound), text: nil, by: "ada").release
    }

    @Test func `rolling back twice goes back twice, and promoting again goes on from there`()
        async throws
    {
        let releases = [try await kept(10), try await kept(20), try await kept(30)]
        for release in releases { _ = try await desk.promote(release, by: "ada") }
        #expect(try await desk.rollback(by: "bob").release == releases[1])
        #expect(try await desk.rollback(by: "bob").release == releases[0])
        await #expect(throws: EngineError.self) { try await desk.rollback(by: "bob") }
        #expect(try await desk.promote(releases[2], by: "ada").before == 5)
        #expect(try await desk.rollback(by: "bob").release == releases[0])
        let acts = try await desk.promotions().map(\.act)
        #expect(
            acts == [
                .rolledBack, .promoted, .rolledBack, .rolledBack, .promoted, .promoted, .promoted,
            ]
        )
    }

    /// A store that does not take what is to be committed.
    private struct Refusing: WrappingStore {
        let store: MemoryStore

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            throw StoreError(.unavailable, "the disk is full")
        }
    }

    @Test func `a release is kept together with its entry, or not at all`() async throws {
        let refusing = ReleaseDesk(
            store: Refusing(store: store),
            releases: StoredReleases(store: store),
            surroundings: surroundings
        )
        let release = try release(10)
        await #expect(throws: EngineError.self) {
            try await refusing.keep(release, text: nil, by: "ada")
        }
        #expect(try await store.release(release.digest) == nil)
        #expect(try await store.head().count == 0)
        _ = try await desk.keep(release, text: nil, by: "ada")
        #expect(try await store.release(release.digest) != nil)
        #expect(try await store.head().count == 1)
    }

    @Test func `what is live already is not promoted again, and each act is an entry`()
        async throws
    {
        let release = try await kept(10)
        let first = try await desk.promote(release, by: "ada")
        #expect(try await desk.promote(release, by: "bob") == first)
        _ = try await desk.keep(try self.release(10), text: "again", by: "bob")
        let told = try await store.wholeLog().map { try JSON.read($0.bytes)["facts"] ?? .null }
        #expect(told.map { $0["act"]?.string } == ["release_kept", "release_promoted"])
        #expect(told.allSatisfy { $0["release"]?.string == release.hex })
        #expect(try await store.verified().isWhole)
    }

    @Test func `a release that is not kept, or no longer compiles, does not go live`()
        async throws
    {
        await #expect(throws: EngineError.self) { try await desk.promote(.zero, by: "ada") }
        let broken = Release(files: ["stepgate.yaml": Array("models: [".utf8)])
        let note = try await desk.keep(broken, text: nil, by: "ada")
        await #expect(throws: EngineError.self) {
            try await desk.promote(note.release, by: "ada")
        }
        #expect(try await desk.live() == nil)
    }

    @Test func `a release is found by the beginning of its name`() async throws {
        let release = try await kept(10)
        #expect(try await desk.find(String(release.hex.prefix(8))) == release)
        await #expect(throws: EngineError.self) { try await desk.find("abc") }
        await #expect(throws: EngineError.self) { try await desk.find("00000000") }
        let long = String(repeating: "x", count: Limits.noteCharacters + 1)
        await #expect(throws: EngineError.self) {
            try await desk.keep(try self.release(11), text: long, by: "ada")
        }
    }

    @Test func `an engine follows promotions, and keeps what it has when one cannot be loaded`()
        async throws
    {
        let (first, second) = (try await kept(10), try await kept(100))
        let promotion = try await desk.promote(first, by: "ada")
        let refusing = Mutex(true)
        let releases = StoredReleases(store: store) { digest in
            digest == second && refusing.withLock { $0 }
        }
        let engine = try await DecisionEngine(
            live: try await releases.release(first),
            promotion: promotion,
            store: store,
            releases: releases,
            surroundings: surroundings
        )
        guard case .unchanged = try await engine.follow() else { throw Unexpected() }
        _ = try await desk.promote(second, by: "ada")
        guard case .refused(let refused, let error) = try await engine.follow() else {
            throw Unexpected()
        }
        #expect(refused.release == second)
        #expect(error.code == .release)
        #expect(engine.live.digest == first)
        // Told once a promotion.
        guard case .unchanged = try await engine.follow() else { throw Unexpected() }
        _ = try await desk.rollback(by: "ada")
        guard case .live = try await engine.follow() else { throw Unexpected() }
        refusing.withLock { $0 = false }
        _ = try await desk.promote(second, by: "ada")
        guard case .live(let live) = try await engine.follow() else { throw Unexpected() }
        #expect(live.release == second)
        #expect(engine.live.digest == second)
        let step = IncomingStep(
            policy: "refund",
            input: ["amount": 50],
            key: nil,
            source: "test",
            caller: "ada"
        )
        guard case .settled(let view)? = try await engine.begin([step], under: "refund").first
        else { throw Unexpected() }
        #expect(view.record.release == second)
        #expect(view.record.state == .decided)
    }
}

private struct Unexpected: Error {}

/// Compiles what the store holds; `refuses` stands for a model's key that is not here.
struct StoredReleases: ReleaseSource {
    let store: any Store
    var refuses: @Sendable (Digest) -> Bool = { _ in false }

    static func workspace(_ files: [String: [UInt8]]) throws -> Workspace {
        let check = Workspace.compile(
            files: WorkspaceFiles(files),
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        return workspace
    }

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        if refuses(digest) { throw EngineError(.release, "a key is not set here") }
        do {
            guard let stored = try await store.release(digest) else {
                throw EngineError(.unknown, "there is no release \(digest.hex)")
            }
            return LoadedRelease(
                workspace: try Self.workspace(stored.files),
                clients: [:],
                attachments: NoAttachments()
            )
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(.release, "\(error)")
        }
    }
}

private struct NoAttachments: AttachmentSource {
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        throw AttachmentError("there are no files here")
    }
}
