package import Values

/// The result of one decision on its way to who asked for it: a row of the outbox.
///
/// A machine without clock and chance. It is `waiting` while its decision is pending, `sending` from
/// then on until it is delivered, given up or stopped. Being claimed is being due again when the
/// lease ends, so a process that dies with it forgets nothing.
package struct Callback: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// Its decision is pending.
        case waiting
        case sending
        case delivered
        /// Every attempt failed; a person may send it again.
        case exhausted
        /// The receiver wants no more, or the token that asked was revoked.
        case stopped
    }

    /// What changes while it is on its way.
    package struct Progress: Sendable, Equatable {
        package var state = State.waiting
        /// Those that were made and recorded.
        package var attempts = 0
        /// When the decision became final.
        package var finalAt: Instant?
        /// While `sending`: when the next attempt is due, or the lease of the present one ends.
        package var nextAt: Instant?
        /// Why the last attempt failed; nothing once one succeeded.
        package var lastError: String?

        package init() {}
    }

    package let decision: Identifier
    package let url: String
    /// Host and port: so many at once go to one of them.
    package let host: String
    /// The token that asked; its webhook secret signs.
    package let token: Identifier
    package private(set) var progress: Progress
    /// Grows by one with each change; a change names the version it was made from.
    package private(set) var version: Int64

    package init(decision: Identifier, url: CallbackURL, token: Identifier) {
        self.init(
            decision: decision,
            url: url.text,
            host: url.authority,
            token: token,
            progress: Progress(),
            version: 1
        )
    }

    /// One that was kept.
    package init(
        decision: Identifier,
        url: String,
        host: String,
        token: Identifier,
        progress: Progress,
        version: Int64
    ) {
        self.decision = decision
        self.url = url
        self.host = host
        self.token = token
        self.progress = progress
        self.version = version
    }

    /// What came of one attempt.
    package enum Attempt: Sendable, Equatable {
        case answered(status: Int, retryAfter: Duration?)
        /// There was no answer; one sentence that says why.
        case failed(String)
    }

    /// Waits before the attempts, each counted from the end of the one before.
    package static let schedule: [Duration] = [
        .zero, .seconds(5), .seconds(300), .seconds(1_800), .seconds(7_200), .seconds(18_000),
        .seconds(36_000), .seconds(50_400), .seconds(72_000), .seconds(86_400),
    ]

    /// As a store keeps it: one version on.
    package var next: Callback {
        var next = self
        next.version += 1
        return next
    }

    // MARK: The machine

    /// Makes it due, since its decision is final; nothing where it was before.
    ///
    /// A store does this by itself, so it is a change with a version.
    package mutating func decided(at now: Instant) {
        guard progress.state == .waiting else { return }
        progress.state = .sending
        progress.finalAt = now
        progress.nextAt = now
        version += 1
    }

    /// Takes it for an attempt; nobody else does until the lease ends.
    package mutating func claim(at now: Instant, lease: Duration) {
        precondition(progress.state == .sending, "only what is to be sent is claimed")
        progress.nextAt = now + lease
    }

    /// Gives it back without an attempt.
    package mutating func release(at now: Instant) {
        precondition(progress.state == .sending, "only what was claimed is given back")
        progress.nextAt = now
    }

    /// Records an attempt; `chance` is uniform in [0, 1).
    package mutating func record(_ attempt: Attempt, at now: Instant, chance: Double) {
        precondition(progress.state == .sending, "only what was claimed has attempts")
        progress.attempts += 1
        var asked = Duration.zero
        switch attempt {
        case .answered(200...299, _): return end(.delivered, because: nil)
        case .answered(410, _): return end(.stopped, because: "answered 410: it wants no more")
        case .answered(let status, let wait):
            progress.lastError = "answered \(status)"
            if let wait, status == 429 || status == 503 { asked = min(wait, Limits.receiverWait) }
        case .failed(let reason):
            progress.lastError = String(reason.prefix(Limits.errorCharacters))
        }
        guard progress.attempts < Self.schedule.count else {
            return end(.exhausted, because: progress.lastError)
        }
        // Spread, so that what failed together does not come back together.
        let wait = Self.schedule[progress.attempts] * (1 + 0.1 * min(max(chance, 0), 1))
        progress.nextAt = now + max(wait, asked)
    }

    /// Ends it without an attempt.
    package mutating func stop(because reason: String) { end(.stopped, because: reason) }

    /// Begins its schedule again at a person's word; false while its decision is pending.
    package mutating func sendAgain(at now: Instant) -> Bool {
        guard progress.state != .waiting else { return false }
        progress.state = .sending
        progress.attempts = 0
        progress.nextAt = now
        return true
    }

    private mutating func end(_ state: State, because reason: String?) {
        progress.state = state
        progress.nextAt = nil
        progress.lastError = reason
    }

    /// What people and programs are shown of it.
    package var json: JSON {
        [
            "url": .string(url), "state": .string(progress.state.rawValue),
            "attempts": .int(Int64(progress.attempts)),
            "next_at": (progress.nextAt?.rfc3339).map(JSON.string) ?? .null,
            "last_error": progress.lastError.map(JSON.string) ?? .null,
        ]
    }
}
