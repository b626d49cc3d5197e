internal import Flows
package import Runs
package import Storage
package import Values

extension HistoryEvent {
    /// The event as interfaces show it, its step by name.
    package func json(of run: Identifier, step name: (Int) -> String?) -> JSON {
        var members: [JSONObject.Member] = [
            .init("number", .int(number)), .init("at", .string(at.rfc3339)),
            .init("event", .string(event.word)),
        ]
        if let step = event.step {
            members.append(.init("step", name(step).map(JSON.string) ?? .null))
        }
        switch event {
        case .begun, .due, .cancelled: break
        case .claimed(_, _, let by, let until):
            members += [.init("by", .string(by)), .init("until", .string(until.rfc3339))]
        case .extended(_, _, let until):
            members.append(.init("until", .string(until.rfc3339)))
        case .succeeded(_, _, let output): members += output.members(as: "output", of: run)
        case .failed(_, _, let failure): members.append(.init("failure", failure.json))
        case .waits(_, _, let wait):
            members.append(.init("for", .string(wait.kind)))
            if let key = wait.key, !key.isEmpty { members.append(.init("key", .string(key))) }
            if case .rate(_, let until) = wait {
                members.append(.init("until", .string(until.rfc3339)))
            }
        case .told(_, _, let through): members.append(.init("through", .int(Int64(through))))
        case .childrenEnded(_, let succeeded, let failed, let first):
            members += [
                .init("succeeded", .int(Int64(succeeded))), .init("failed", .int(Int64(failed))),
            ]
            if let first { members.append(.init("failure", first.json)) }
        case .acted(let act, let by):
            members += [.init("act", .string(act.name)), .init("by", .string(by))]
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension RunEvent {
    /// One stable word.
    package var word: String {
        switch self {
        case .begun: "begun"
        case .claimed: "claimed"
        case .extended: "extended"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .waits: "waits"
        case .cancelled: "cancelled"
        case .told: "told"
        case .childrenEnded: "children_ended"
        case .due: "due"
        case .acted: "acted"
        }
    }

    /// The step it is about; nothing where it is about the run.
    package var step: Int? {
        switch self {
        case .begun: nil
        case .claimed(let step, _, _, _), .extended(let step, _, _), .succeeded(let step, _, _),
            .failed(let step, _, _), .waits(let step, _, _), .cancelled(let step, _),
            .told(let step, _, _), .childrenEnded(let step, _, _, _), .due(let step, _):
            step
        case .acted(.retry(let step, _), _), .acted(.skip(let step, _), _),
            .acted(.restart(let step), _):
            step
        case .acted: nil
        }
    }
}

extension RunAct {
    /// As interfaces name it.
    package var name: String {
        switch self {
        case .pause: "pause"
        case .resume: "resume"
        case .cancel: "cancel"
        case .retry: "retry"
        case .skip: "skip"
        case .restart: "restart"
        case .undo: "undo"
        }
    }
}

extension Run {
    /// The large values that its row refers to.
    package var resources: Set<Digest> {
        var payloads = [input] + items.map(\.value) + ended.values.compactMap(\.output)
        if let output { payloads.append(output) }
        payloads += active.values.compactMap { $0.children?.items }
        return Set(payloads.compactMap(\.digest))
    }
}

extension RunEvent {
    /// The large value that it refers to.
    package var resource: Digest? {
        if case .succeeded(_, _, let output) = self { output.digest } else { nil }
    }
}

extension Payload {
    fileprivate var digest: Digest? {
        if case .resource(let digest, _) = self { digest } else { nil }
    }
}
