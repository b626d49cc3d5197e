internal import Values

/// Tells when somebody has set the wall clock: it has gone on by another time than the uptime.
struct ClockWatch: Sendable {
    /// How far the clock was set, forward or back; by nothing when an engine starts, since nobody
    /// knows what happened before.
    struct Jump: Sendable, Equatable {
        let by: Duration
        /// The wall clock when that was seen.
        let seen: Instant
    }

    private var last: (wall: Instant, uptime: Duration)?

    mutating func look(_ wall: Instant, uptime: Duration) -> Jump? {
        defer { last = (wall, uptime) }
        guard let last else { return Jump(by: .zero, seen: wall) }
        let apart = (wall - last.wall) - (uptime - last.uptime)
        let isSet = apart >= Limits.clockJump || apart <= .zero - Limits.clockJump
        return isSet ? Jump(by: apart, seen: wall) : nil
    }
}
