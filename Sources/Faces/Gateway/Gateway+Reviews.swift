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
        var query = ReviewQuery(limit: try limit(call) + 1)
        for (name, value) in call.request.query {
            switch name {
            case "queue": query.queue = value
            case "kind":
                guard let kind = Review.Kind(rawValue: value) else {
                    throw Problem(query: "'kind' is decision or audit")
                }
                query.kind = kind
            case "cursor": query.after = try cursor(value)
            case "limit": continue
            default: throw unknown(name, ["queue", "kind", "cursor", "limit"])
            }
        }
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

    func act(_ word: String, _ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try identifier(call, "review")
        let act = try reviewAct(word, call)
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
            if word == "renew", !opened.review.seats.contains(where: { $0.person == person }) {
                throw EngineError(.refused, "'\(person)' holds no claim on review \(id)")
            }
            let result = try await desk.act(act, on: id, by: person)
            service.changed(result.record.id, to: result.record.state)
            return .json(["review": result.review.page, "decision": result.record.json])
        } catch {
            throw Problem(error)
        }
    }

    private func reviewAct(_ word: String, _ call: Route.Call) throws(Problem) -> ReviewAct {
        let body: JSON
        do {
            body = call.request.body.isEmpty ? [:] : try JSON.read(call.request.body)
        } catch {
            throw Problem(400, "invalid-json", "The body is not JSON", error.description)
        }
        func needed(_ name: String) throws(Problem) -> JSON {
            guard let value = body[name], !value.isNull else {
                throw Problem(
                    422,
                    "invalid-body",
                    "The body lacks a member",
                    "/\(name) is needed for '\(word)'"
                )
            }
            return value
        }
        switch word {
        case "claim", "renew": return .claim
        case "release": return .release
        case "reassign": return .reassign(to: body["to"]?.string)
        case "approve": return .approve
        case "edit": return .edit(try needed("output"))
        case "decide": return .decide(try needed("output"))
        default:
            guard let reason = try needed("reason").string, !trimmed(reason).isEmpty else {
                throw Problem(422, "invalid-body", "The body is not usable", "/reason is a text")
            }
            return .reject(reason: reason)
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
