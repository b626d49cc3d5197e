internal import Access
internal import Decisions
internal import Engine
internal import Storage
internal import Telemetry
internal import Values

/// The log as it grows and what becomes of runs, for who may see it: server-sent events.
extension Gateway {
    private struct Filter: Sendable {
        let policy: String?
        let flow: String?
        let run: Identifier?
        let kinds: Set<String>
        let after: EventStart?

        init(_ call: Route.Call) {
            policy = call.query["policy"]?.string
            flow = call.query["flow"]?.string
            run = call.query["run"]?.string.flatMap { Identifier($0) }
            kinds = Set((call.query["kind"]?.array ?? []).compactMap(\.string))
            // Who comes back after a break asks by the address they began with, so the header is
            // newer.
            let start = call.request.headers["last-event-id"] ?? call.query["after"]?.string
            after = start.flatMap { EventStart($0) }
        }

        func passes(_ event: LogEvent) -> Bool {
            (policy == nil || policy == event.policy) && (flow == nil || flow == event.flow)
                && (run == nil || run == event.run)
                && (kinds.isEmpty || kinds.contains(event.kind))
        }

        func passes(_ event: RunChangeEvent) -> Bool {
            policy == nil && (flow == nil || flow == event.flow)
                && (run == nil || run == event.run || run == event.root)
                && (kinds.isEmpty || kinds.contains(event.kind))
        }

        /// Whether changes of runs are asked for at all.
        var wantsRuns: Bool {
            policy == nil
                && (kinds.isEmpty
                    || RunChange.Kind.allCases.contains { kinds.contains($0.rawValue) })
        }
    }

    func events(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let filter = Filter(call)
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
        // Whose connection breaks before the first event comes back to where it began.
        let start = "retry: \(retry)\nid: \(follower.position)\n\n"
        guard await writer.write(Array(start.utf8)) else { return }
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
                // An id without data is no event, but is where a client goes on from: so what was
                // not for it is not gone through again, and leaves no gap.
                let sign = ":\nid: \(follower.position)\n\n"
                guard await writer.write(Array(sign.utf8)) else { return }
                // By the plan, so that none is late because one was; by the clock for a client so
                // slow that it would hear nothing else.
                beat = beat + Limits.heartbeat
                if beat <= now() { beat = now() + Limits.heartbeat }
            case .events(let events):
                var bytes: [UInt8] = []
                for told in events where tells(told.event, to: visitor, filter) {
                    told.append(to: &bytes)
                }
                if bytes.isEmpty { continue }
                guard await writer.write(bytes) else { return }
            }
        }
    }

    private func tells(_ event: Told.Event, to visitor: Visitor, _ filter: Filter) -> Bool {
        switch event {
        case .entry(let event): visitor.sees(event) && filter.passes(event)
        case .run(let event):
            visitor.sees(flow: event.flow, caller: event.caller) && filter.passes(event)
        case .gap: filter.wantsRuns
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

extension Told {
    fileprivate func append(to bytes: inout [UInt8]) {
        switch event {
        case .entry(let event): append(event.kind, event.json, to: &bytes)
        case .run(let event): append(event.kind, event.json, to: &bytes)
        case .gap(let event): append(RunGapEvent.kind, event.json, to: &bytes)
        }
    }

    private func append(_ kind: String, _ json: [UInt8], to bytes: inout [UInt8]) {
        bytes += "id: \(position)\nevent: \(kind)\ndata: ".utf8
        bytes += json
        bytes += "\n\n".utf8
    }
}
