internal import Access
internal import Values

extension Route {
    static let work: [Route] = [
        Route(
            method: "POST",
            path: "/v1/work:claim",
            roles: workers,
            operation: "claimWork",
            tag: .work,
            summary: "Claims attempts at steps for an external worker, each under a lease.",
            detail:
                "`Prefer: wait=N` waits until there is some. A result counts only with the epoch "
                + "that it was claimed with; who needs longer than the lease says so by heartbeats.",
            headers: [.prefer],
            body: Body(schema: Components.ref("WorkClaim"), description: "What the worker can do."),
            answers: [
                Answer(
                    status: 200,
                    description: "As many as there were, or none.",
                    schema: Components.ref("Work"),
                    headers: [.preferenceApplied]
                )
            ],
            faults: [.release],
            handler: { gateway, call async throws(Problem) in try await gateway.claim(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/work/{run}/{step}:complete",
            roles: workers,
            operation: "completeWork",
            tag: .work,
            summary: "Ends an attempt with its output.",
            names: [.letterRun, .step],
            body: Body(schema: Components.ref("WorkOutput"), description: "The output."),
            answers: [.worked],
            faults: [.refused, .workOutput, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.complete(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/work/{run}/{step}:fail",
            roles: workers,
            operation: "failWork",
            tag: .work,
            summary: "Ends an attempt as failed; the step's own rules say what then.",
            names: [.letterRun, .step],
            body: Body(schema: Components.ref("WorkFailure"), description: "Why."),
            answers: [.worked],
            faults: [.refused, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.fail(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/work/{run}/{step}:heartbeat",
            roles: workers,
            operation: "extendWork",
            tag: .work,
            summary: "Makes a lease last longer, from now on.",
            names: [.letterRun, .step],
            body: Body(schema: Components.ref("Heartbeat"), description: "How long."),
            answers: [
                Answer(
                    status: 200,
                    description: "It lasts until then.",
                    schema: Components.ref("ExtendedLease")
                )
            ],
            faults: [.refused, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.heartbeat(call) }
        ),
        // The address itself is the proof: it was made here for one wait of one step.
        Route(
            method: "POST",
            path: "/v1/callbacks/{token}",
            roles: nil,
            operation: "callBack",
            tag: .work,
            summary: "Gives a step what it waits for.",
            detail: "The address is the step's `callback_url`; it counts once.",
            names: [
                Parameter(
                    name: "token",
                    schema: ["type": "string"],
                    description: "what the address of a step ends with"
                )
            ],
            body: Body(
                schema: Form.any("What came; of the schema that the step names, where it does."),
                description: "What came; null when there is none.",
                isRequired: false
            ),
            answers: [
                Answer(
                    status: 200,
                    description: "The step has it.",
                    schema: Components.ref("Taken")
                )
            ],
            faults: [
                .refused, .workOutput, .release, .unavailable,
                Fault(429, "rate-limited", "This run is called back too often."),
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.callBack(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/events",
            roles: workers,
            operation: "sendEvent",
            tag: .work,
            summary: "Brings an event to every step that waits for one like it.",
            detail: "A CloudEvent 1.0 in structured mode, as `application/json` or "
                + "`application/cloudevents+json`. It is not kept: a step that begins to wait "
                + "afterwards does not have it.",
            body: Body(
                otherTypes: ["application/cloudevents+json"],
                schema: Components.cloudEvent,
                description: "The event."
            ),
            answers: [
                Answer(
                    status: 200,
                    description: "So many steps have it, durably.",
                    schema: Components.ref("Taken")
                )
            ],
            faults: [.workOutput, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.event(call) }
        ),
    ]
}

extension Route.Answer {
    fileprivate static let worked = Self(
        status: 200,
        description: "It counts; the run as it is now.",
        schema: Components.ref("WorkResult")
    )
}

extension Route.Fault {
    static let workOutput = Self(
        422,
        "invalid-output",
        "It does not fit the step's own schema, or is too large."
    )
}
