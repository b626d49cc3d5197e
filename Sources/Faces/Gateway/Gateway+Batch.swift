internal import Decisions
internal import Engine
internal import Values

/// Many steps in one request: taken on as they arrive, answered in their order after the last.
extension Gateway {
    func batch(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let asked = wait(call.request)
        let wish: DecisionService.Wish = asked == nil ? .answered : .settled
        let visitor = try visitor(call)
        var intake = BatchIntake(notes: call.notes, wish: wish) { [self] lines in
            await decide(lines, for: visitor)
        }
        let end = await intake.take(call.request.chunks ?? whole(call.request.body))
        if let problem = end.problem { throw problem }
        let answers = intake.answers
        let deadline = now() + (asked ?? Limits.usualWait)
        var headers = [("content-type", "application/x-ndjson"), ("cache-control", "no-store")]
        if let asked { headers.append(("preference-applied", "wait=\(asked.components.seconds)")) }
        return GatewayResponse(
            status: 200,
            headers: headers.map { (name: $0.0, value: $0.1) },
            stream: { [self] writer in await tell(answers, wish, until: deadline, to: writer) }
        )
    }

    /// A body that was read before, as one that comes in.
    func whole(_ body: [UInt8]) -> GatewayBody {
        let (chunks, into) = AsyncStream<[UInt8]>.makeStream()
        into.yield(body)
        into.finish()
        return GatewayBody { () async throws(GatewayBody.Failure) in
            var iterator = chunks.makeAsyncIterator()
            return await iterator.next()
        }
    }

    /// Writes the answers in the order of their lines, waiting for those that are still open.
    func tell(
        _ answers: [BatchAnswer],
        _ wish: DecisionService.Wish,
        until deadline: Instant,
        to writer: GatewayWriter
    ) async {
        var ready: [UInt8] = []
        for answer in answers {
            switch answer.told {
            case .bytes(let bytes): ready += bytes
            case .decision(let id):
                let left = deadline - now()
                // What is known is told before anything is waited for.
                if left > .zero, !ready.isEmpty {
                    guard await writer.write(ready) else { return }
                    ready = []
                }
                ready += await look(answer.line, id, wish, within: max(left, .zero))
            }
            if ready.count >= Limits.writeBytes {
                guard await writer.write(ready) else { return }
                ready = []
            }
        }
        if !ready.isEmpty { _ = await writer.write(ready) }
    }

    private func look(
        _ line: Int,
        _ id: Identifier,
        _ wish: DecisionService.Wish,
        within time: Duration
    ) async -> [UInt8] {
        do throws(EngineError) {
            let view = try await service.view(of: id, wish, within: time)
            return BatchAnswer.bytes(line, view)
        } catch {
            return BatchAnswer.bytes(line, Problem(error), at: id)
        }
    }
}

/// What is told of one line of a batch, kept until the last line is in.
struct BatchAnswer: Sendable {
    enum Told: Sendable {
        /// The line of the answer.
        case bytes([UInt8])
        /// To be looked up when it is told: it is still open, or there was no room to keep more.
        case decision(Identifier)
    }

    let line: Int
    let told: Told

    static func bytes(_ line: Int, _ view: DecisionView) -> [UInt8] {
        let isFinal = DecisionService.Wish.settled.isDone(view.record.state)
        var members: [JSONObject.Member] = [
            .init("line", .int(Int64(line))), .init("status", isFinal ? 200 : 202),
        ]
        if !isFinal { members.append(place(view.record.id)) }
        members.append(.init("decision", view.json))
        return bytes(members)
    }

    /// `id` is the decision there is, where only its look-up failed.
    static func bytes(_ line: Int, _ problem: Problem, at id: Identifier? = nil) -> [UInt8] {
        var members: [JSONObject.Member] = [
            .init("line", .int(Int64(line))), .init("status", .int(Int64(problem.status))),
        ]
        if let id { members.append(place(id)) }
        members.append(.init("problem", problem.document))
        return bytes(members)
    }

    private static func place(_ id: Identifier) -> JSONObject.Member {
        .init("location", .string("/v1/decisions/\(id)"))
    }

    static func bytes(_ members: [JSONObject.Member]) -> [UInt8] {
        var bytes: [UInt8] = []
        JSON.object(JSONObject(uniqueMembers: members)).appendCompact(to: &bytes)
        bytes.append(0x0A)
        return bytes
    }
}
