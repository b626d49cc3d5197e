internal import Access
internal import Values

extension Route {
    static let service: [Route] = [
        // Whether it lives and whether it can work is nobody's secret, and asked without a token.
        Route(
            method: "GET",
            path: "/healthz",
            roles: nil,
            operation: "getHealth",
            tag: .service,
            summary: "Whether the process lives.",
            answers: [
                Answer(
                    status: 200,
                    description: "It does.",
                    schema: Components.ref("Health")
                )
            ],
            handler: { _, _ throws(Problem) in .json(["status": "ok"]) }
        ),
        Route(
            method: "GET",
            path: "/readyz",
            roles: nil,
            operation: "getReadiness",
            tag: .service,
            summary: "Whether the store answers.",
            answers: [
                Answer(
                    status: 200,
                    description: "It does.",
                    schema: Components.ref("Readiness")
                )
            ],
            faults: [.unavailable],
            handler: { gateway, _ async throws(Problem) in try await gateway.readiness() }
        ),
        Route(
            method: "GET",
            path: "/metrics",
            roles: [.operator, .admin],
            operation: "getMetrics",
            tag: .service,
            summary: "What is measured, in Prometheus' text format.",
            answers: [
                Answer(
                    status: 200,
                    description: "Version 0.0.4; `Docs/Metrics.md` lists what there is.",
                    contentType: "text/plain",
                    schema: Form.text("Lines of text.")
                )
            ],
            handler: { gateway, _ async throws(Problem) in await gateway.metrics() }
        ),
        // The same for everybody who has the program, and nothing of the workspace is in it.
        Route(
            method: "GET",
            path: "/v1/openapi.json",
            roles: nil,
            operation: "getOpenAPI",
            tag: .service,
            summary: "This API, as OpenAPI 3.1.",
            answers: [
                Answer(
                    status: 200,
                    description: "The document.",
                    schema: Form.map("An OpenAPI document.", of: true)
                )
            ],
            handler: { _, _ throws(Problem) in OpenAPI.response }
        ),
    ]

    static let models: [Route] = [
        Route(
            method: "GET",
            path: "/v1/models",
            roles: [.operator, .admin],
            operation: "listModels",
            tag: .models,
            summary: "How the models do: breaker, calls, errors, spend of the last day.",
            answers: [
                Answer(
                    status: 200,
                    description: "All of them, by name.",
                    schema: Components.ref("Models")
                )
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.models(call) }
        )
    ]

    static let policies: [Route] = [
        Route(
            method: "GET",
            path: "/v1/policies",
            roles: everyone,
            operation: "listPolicies",
            tag: .policies,
            summary: "The policies of the live release.",
            answers: [
                Answer(
                    status: 200,
                    description: "Those that the token covers, by name.",
                    schema: Components.ref("Policies")
                )
            ],
            handler: { gateway, call throws(Problem) in gateway.policies(call) }
        )
    ]
}
