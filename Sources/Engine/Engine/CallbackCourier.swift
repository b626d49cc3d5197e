internal import Access
internal import Decisions
package import Models
package import Storage
internal import Synchronization
internal import Values
internal import Webhooks

/// Delivers what is due in the outbox, for as long as it runs.
///
/// Each callback is claimed durably before it is sent and recorded after, so a crash between the two
/// sends it again when the lease ends, with the same `webhook-id`: at least once, never forgotten.
/// Whatever process made a decision final, the store made its callback due, and the next look finds
/// it.
package final class CallbackCourier: Sendable {
    private struct State {
        var underWay: [String: Int] = [:]
        var count = 0
    }

    private let store: any Store
    private let transport: any HTTPTransport
    private let surroundings: Surroundings
    private let storeSecret: [UInt8]
    private let allowsPrivate: Bool
    private let state = Mutex(State())
    private let bells: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// `allowsPrivate` lets callbacks into private networks, this machine included.
    package init(
        store: any Store,
        transport: any HTTPTransport,
        surroundings: Surroundings,
        allowsPrivate: Bool
    ) async throws(EngineError) {
        self.store = store
        self.transport = transport
        self.surroundings = surroundings
        self.allowsPrivate = allowsPrivate
        (bells, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        do {
            storeSecret = try await store.secret()
        } catch {
            throw EngineError(error)
        }
    }

    private var now: Instant { surroundings.clock.now }

    /// Delivers until `stop` is called; what is under way then is given back.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            for await _ in bells {
                for callback in await claim() { group.addTask { await self.deliver(callback) } }
            }
            group.cancelAll()
        }
    }

    /// Ends `run`.
    package func stop() { bell.finish() }

    /// Tells that something may be due, so that nobody waits for the next look.
    package func wake() { bell.yield() }

    /// Other processes make decisions final too, and waits end.
    private func tick() async {
        while !Task.isCancelled {
            wake()
            do {
                try await surroundings.clock.sleep(for: Limits.lookPause)
            } catch {
                return
            }
        }
    }

    // MARK: Claiming

    /// Takes what is due as far as there is room; one host that is slow holds up no other.
    private func claim() async -> [Callback] {
        var taken: [Callback] = []
        while true {
            let (room, full) = state.withLock { state in
                let full = state.underWay.filter { $0.value >= Limits.callbacksToOneHost }
                return (Limits.callbacksAtOnce - state.count, Set(full.keys))
            }
            guard room > 0 else { return taken }
            let claimed: [Callback]
            do throws(StoreError) {
                let due = try await store.callbacks(
                    dueAt: now,
                    avoiding: full,
                    toEach: Limits.callbacksToOneHost,
                    limit: room
                )
                claimed = try await claim(due)
            } catch {
                // The store cannot be read or written now; the next look tries again.
                return taken
            }
            if claimed.isEmpty { return taken }
            taken += claimed
        }
    }

    /// Writes the leases of as many as their hosts have room for.
    private func claim(_ due: [Callback]) async throws(StoreError) -> [Callback] {
        var more: [String: Int] = [:]
        let underWay = state.withLock { $0.underWay }
        var claims: [Callback] = []
        for callback in due {
            let sofar = underWay[callback.host, default: 0] + more[callback.host, default: 0]
            guard sofar < Limits.callbacksToOneHost else { continue }
            more[callback.host, default: 0] += 1
            var claim = callback
            claim.claim(at: now, lease: Limits.callbackLease)
            claims.append(claim)
        }
        // One that a person sent again in between is due still, and found by the next look.
        let claimed = zip(claims, try await store.keep(claims)).filter(\.1).map(\.0.next)
        state.withLock { state in
            for callback in claimed {
                state.underWay[callback.host, default: 0] += 1
                state.count += 1
            }
        }
        return claimed
    }

    private func ended(_ callback: Callback) {
        state.withLock { state in
            state.count -= 1
            let left = state.underWay[callback.host, default: 1] - 1
            state.underWay[callback.host] = left > 0 ? left : nil
        }
        wake()
    }

    // MARK: Delivering

    private func deliver(_ claimed: Callback) async {
        defer { ended(claimed) }
        var callback = claimed
        do throws(StoreError) {
            let tokens = try await store.tokens()
            if tokens.first(where: { $0.id == callback.token })?.revokedAt != nil {
                callback.stop(because: "the token that asked was revoked")
            } else if let attempt = await send(try await message(callback), callback) {
                let chance = surroundings.chance.fraction()
                callback.record(attempt, at: now, chance: chance)
            } else {
                callback.release(at: now)
            }
        } catch {
            let reason = "the decision cannot be read: \(error.message)"
            callback.record(.failed(reason), at: now, chance: surroundings.chance.fraction())
        }
        do {
            // Where it changed meanwhile, a person sent it again, and their word stands.
            _ = try await store.keep([callback])
        } catch {
            // It cannot be told that it was sent, so it is sent again when its lease ends.
            return
        }
    }

    private func message(_ callback: Callback) async throws(StoreError) -> WebhookMessage {
        guard let record = try await store.decision(callback.decision),
            let finalAt = callback.progress.finalAt
        else { throw StoreError(.corrupt, "it is gone from the store") }
        let output = try await store.payload("/output", of: record.links.output)
        let view = DecisionView(record: record, output: output)
        return WebhookMessage(of: record.id, record.state, at: finalAt, view.json)
    }

    /// Makes one attempt; nothing when it was given up because the courier stops.
    private func send(
        _ message: WebhookMessage,
        _ callback: Callback
    ) async -> Callback.Attempt? {
        let secret = WebhookSecret(store: storeSecret, token: callback.token)
        let headers = message.headers(at: now, secret: secret)
        var call = HTTPCall(
            url: callback.url,
            headers: headers.map { HTTPHeader($0.name, $0.value) },
            body: message.body,
            firstByteTimeout: Limits.callbackFirstByte,
            timeout: Limits.callbackTimeout,
            responseLimit: Limits.callbackAnswerBytes
        )
        call.reach = .direct(publicOnly: !allowsPrivate)
        call.cutsBody = true
        do {
            let reply = try await transport.send(call)
            return .answered(status: reply.status, retryAfter: wait(reply))
        } catch {
            if Task.isCancelled, error.kind == .cancelled { return nil }
            return .failed(error.message)
        }
    }

    private func wait(_ reply: HTTPReply) -> Duration? {
        switch RetryAdvice(waiting: reply) {
        case .after(let wait): wait
        case .until(let date): date - now
        case .never, .backOff: nil
        }
    }
}
