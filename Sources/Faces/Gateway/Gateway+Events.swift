internal import Access
internal import Decisions
internal import Engine
internal import Telemetry
internal import Values

/// The log as it grows, for who may see it: server-sent events.
extension Gateway {
    private struct Filter: Sendable {
        var policy: String?
        var kinds: Set<String> = []
        var after: Int64?

        func passes(_ event: LogEvent) -> Bool {
            (policy == nil || policy == event.policy)
                && (kinds.isEmpty || kinds.contains(event.kind))
        }
    }

    func events(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let filter = filter(call)
        let visitor = try visitor(call)
        let follower: EventFollower
        do throws(EngineError) {
            follower = try await service.events.follow(after: filter.after)
        } catch {
            throw error.code == .refused ? Problem(query: error.message) : Problem(error)
        }
        return GatewayResponse(
            status: 200,
            headers: [
                ("content-type", "text/event-stream"), ("cache-control", "no-store"),
                ("x-accel-buffering", "no"),
            ],
            stream: { [self] writer in await tell(follower, visitor, filter, to: writer) }
        )
    }

    private func filter(_ call: Route.Call) -> Filter {
        var filter = Filter()
        filter.policy = call.query["policy"]?.string
        filter.kinds = Set((call.query["kind"]?.array ?? []).compactMap(\.string))
        filter.after = call.query["after"]?.integer
        // Who comes back after a break asks by the address they began with, so the header is newer.
        if let last = call.request.headers["last-event-id"] { filter.after = Int64(last) }
        return filter
    }

    /// Writes events until the client is gone, the token is no longer good or the server stops.
    private func tell(
        _ follower: EventFollower,
        _ visitor: Visitor,
        _ filter: Filter,
        to writer: GatewayWriter
    ) async {
        instruments.metrics.add(.eventStreams, Labels(), 1)
        defer { instruments.metrics.add(.eventStreams, Labels(), -1) }
        let retry = Limits.eventRetry.wholeMicroseconds / 1_000
        guard await writer.write(Array("retry: \(retry)\n\n".utf8)) else { return }
        var beat = now() + Limits.heartbeat
        while true {
            switch await follower.next(until: beat) {
            case .stopped: return
            case .quiet:
                do throws(Problem) {
                    try await check(visitor)
                } catch {
                    // Who comes back is asked again, and told why if it is so.
                    return
                }
                guard await writer.write(Array(":\n\n".utf8)) else { return }
                // By the plan, so that none is late because one was; by the clock for a client so
                // slow that it would hear nothing else.
                beat = beat + Limits.heartbeat
                if beat <= now() { beat = now() + Limits.heartbeat }
            case .events(let events):
                var bytes: [UInt8] = []
                for event in events where visitor.sees(event) && filter.passes(event) {
                    event.append(to: &bytes)
                }
                if bytes.isEmpty { continue }
                guard await writer.write(bytes) else { return }
            }
        }
    }
}

extension Visitor {
    /// Whether an event is there for them: of a decision they see, or for an admin over everything.
    fileprivate func sees(_ event: LogEvent) -> Bool {
        guard let policy = event.policy else {
            return token.role == .admin && token.policies == nil
        }
        return token.covers(policy) && (token.role != .agent || event.caller == name)
    }
}

extension LogEvent {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes += "id: \(sequence)\nevent: \(kind)\ndata: ".utf8
        bytes += json
        bytes += "\n\n".utf8
    }
}
