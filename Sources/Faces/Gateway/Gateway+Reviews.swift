internal import Access
internal import Autonomy
internal import Decisions
internal import Engine
internal import Reviews
internal import Storage
internal import Values

/// Reviews: what waits for people, and what they do with it.
extension Gateway {
    func reviews(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        var query = ReviewQuery(limit: call.limit + 1)
        query.queue = call.query["queue"]?.string
        query.kind = call.query["kind"]?.string.flatMap(Review.Kind.init)
        query.after = call.cursor
        let visitor = try visitor(call)
        let found: [Review]
        do {
            found = try await store.reviews(query)
        } catch {
            throw Problem(error)
        }
        let page = found.prefix(query.limit - 1)
        let next = found.count == query.limit ? page.last?.id.description : nil
        return .json([
            "reviews": .array(page.filter { visitor.token.covers($0.policy) }.map(\.page)),
            "next": next.map(JSON.string) ?? .null,
        ])
    }

    func review(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try identifier(call, "review")
        let visitor = try visitor(call)
        do throws(EngineError) {
            return .json(try await opened(id, for: visitor).json)
        } catch {
            throw Problem(error)
        }
    }

    /// A review of the visitor's own policies; any other is not there.
    private func opened(
        _ id: Identifier,
        for visitor: Visitor
    ) async throws(EngineError) -> ReviewCase {
        let opened = try await desk.open(id)
        guard visitor.token.covers(opened.review.policy) else {
            throw EngineError(.unknown, "there is no review \(id)")
        }
        return opened
    }

    func act(_ word: ReviewWord, _ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try identifier(call, "review")
        let act = reviewAct(word, call.body)
        let visitor = try visitor(call)
        let person = visitor.name
        do throws(EngineError) {
            let opened = try await opened(id, for: visitor)
            // Whatever the policy says of four eyes: over the wire nobody judges their own request.
            guard opened.review.requester != person else {
                throw EngineError(
                    .refused,
                    "'\(person)' asked for this decision: somebody else must review it"
                )
            }
            // To claim again renews a lease; who has none must claim, and say so.
            if word == .renew, !opened.review.seats.contains(where: { $0.person == person }) {
                throw EngineError(.refused, "'\(person)' holds no claim on review \(id)")
            }
            let result = try await desk.act(act, on: id, by: person)
            service.changed(result.record.id, to: result.record.state)
            return .json(["review": result.review.page, "decision": result.record.json])
        } catch {
            throw Problem(error)
        }
    }

    private func reviewAct(_ word: ReviewWord, _ body: JSON) -> ReviewAct {
        switch word {
        case .claim, .renew: .claim
        case .release: .release
        case .reassign: .reassign(to: body["to"]?.string)
        case .approve: .approve
        case .edit: .edit(body["output"] ?? .null)
        case .decide: .decide(body["output"] ?? .null)
        case .reject: .reject(reason: body["reason"]?.string ?? "")
        }
    }
}

extension Review {
    /// What people see in a list.
    var page: JSON {
        [
            "review": .string(id.description), "kind": .string(kind.rawValue),
            "decision": .string(decision.description), "policy": .string(policy),
            "queue": .string(terms.queue), "state": .string(state.rawValue),
            "reason": .string(reason), "because": .string(because),
            "opened_at": .string(openedAt.rfc3339),
            "due_at": (dueAt?.rfc3339).map(JSON.string) ?? .null,
            "seats": .array(
                seats.map {
                    [
                        "person": .string($0.person),
                        "lease_until": .string($0.leaseUntil.rfc3339),
                        "approved": .bool($0.approved != nil),
                    ]
                }
            ),
            "approvals": .int(Int64(approvals)), "approvals_needed": .int(Int64(terms.approvals)),
        ]
    }
}

extension ReviewCase {
    /// What a person needs to judge it; an audit is blind, so its draft is not shown.
    fileprivate var json: JSON {
        let isBlind = review.kind == .audit
        guard let own = review.page.object else { preconditionFailure("a page is an object") }
        return .object(
            own.setting("input", to: input ?? .null)
                .setting("draft", to: isBlind ? .null : current ?? .null)
                .setting("output_schema", to: policy.output.document)
        )
    }
}
