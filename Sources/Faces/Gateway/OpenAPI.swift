internal import Access
package import Values

/// The API as an OpenAPI 3.1 document, made of the rows that route and guard.
package enum OpenAPI {
    /// The document of this program.
    package static let live = document(of: Route.all)
    /// Written once: whoever asks for it needs no token.
    static let response = GatewayResponse.json(live)

    static func document(of routes: [Route]) -> JSON {
        var paths: [(path: String, operations: [JSONObject.Member])] = []
        for route in routes {
            let operation = JSONObject.Member(route.method.lowercased(), operation(route))
            if let known = paths.firstIndex(where: { $0.path == route.path }) {
                paths[known].operations.append(operation)
            } else {
                paths.append((route.path, [operation]))
            }
        }
        return [
            "openapi": "3.1.0", "info": info,
            // Wherever the document was read from.
            "servers": [["url": "/"]],
            "tags": .array(Route.Tag.allCases.map(tag)),
            "security": [["token": []]],
            "paths": object(paths.map { ($0.path, object($0.operations)) }),
            "components": [
                "schemas": object(Components.all.map { ($0.name, $0.schema) }),
                "headers": object(
                    Route.AnswerHeader.allCases.map { ($0.rawValue, $0.document) }
                ),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "A token of `stepgate token create`.",
                    ]
                ],
            ],
        ]
    }

    private static let info: JSON = [
        "title": "Stepgate",
        "description": "A rule, a model or a person decides each step, durably and with reasons.",
        "version": .string(Gateway.version),
    ]

    private static func tag(_ tag: Route.Tag) -> JSON {
        let description =
            switch tag {
            case .decisions: "Asking for decisions, and looking at them."
            case .runs: "Starting runs of flows, looking at them, and mending them."
            case .work: "What steps of runs wait for from outside."
            case .flows: "What may be run."
            case .reviews: "What waits for people, and what they do with it."
            case .policies: "What may be asked."
            case .releases: "What is live, and how it came to be."
            case .models: "How the models do."
            case .service: "The server itself."
            }
        return ["name": .string(tag.rawValue), "description": .string(description)]
    }

    // MARK: One operation

    private static func operation(_ route: Route) -> JSON {
        var members: [JSONObject.Member] = [
            .init("operationId", .string(route.operation)),
            .init("tags", [.string(route.tag.rawValue)]),
            .init("summary", .string(route.summary)),
        ]
        let roles = route.roles.map { roles in
            "For tokens of role " + roles.map(\.rawValue).sorted().joined(separator: ", ") + "."
        }
        let told = [route.detail, roles].compactMap(\.self).joined(separator: " ")
        if !told.isEmpty { members.append(.init("description", .string(told))) }
        if route.roles == nil { members.append(.init("security", [])) }
        let parameters =
            route.names.map { parameter($0, in: "path", isRequired: true) }
            + route.query.map { parameter($0, in: "query", isRequired: false) }
            + route.headers.map(header)
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let body = route.body {
            members.append(
                .init(
                    "requestBody",
                    [
                        "description": .string(body.description),
                        "required": .bool(body.isRequired),
                        "content": object(
                            ([body.contentType] + body.otherTypes).map {
                                JSONObject.Member($0, ["schema": body.schema])
                            }
                        ),
                    ]
                )
            )
        }
        members.append(.init("responses", responses(route)))
        return object(members)
    }

    private static func parameter(
        _ parameter: Route.Parameter,
        in place: String,
        isRequired: Bool
    ) -> JSON {
        [
            "name": .string(parameter.name), "in": .string(place),
            "required": .bool(isRequired), "description": .string(parameter.description),
            "schema": parameter.schema,
        ]
    }

    private static func header(_ header: Route.Header) -> JSON {
        [
            "name": .string(header.name), "in": "header", "required": false,
            "description": .string(header.description), "schema": header.schema,
        ]
    }

    private static func content(_ type: String, _ schema: JSON) -> JSON {
        object([JSONObject.Member(type, ["schema": schema])])
    }

    private static func responses(_ route: Route) -> JSON {
        var all: [(String, JSON)] = []
        let always: [Route.AnswerHeader] =
            route.roles == nil ? [] : [.release, .rateLimit, .rateLimitPolicy]
        for answer in route.answers {
            all.append((String(answer.status), response(answer, answer.headers + always)))
        }
        let faults = Dictionary(grouping: route.allFaults, by: \.status)
        for status in faults.keys.sorted() {
            all.append((String(status), problem(status, faults[status] ?? [])))
        }
        return object(all)
    }

    private static func response(
        _ answer: Route.Answer,
        _ sent: [Route.AnswerHeader]
    ) -> JSON {
        var members: [JSONObject.Member] = [
            .init("description", .string(answer.description))
        ]
        if !sent.isEmpty { members.append(.init("headers", headers(sent))) }
        members.append(.init("content", content(answer.contentType, answer.schema)))
        if !answer.links.isEmpty {
            let links = answer.links.map { link -> (String, JSON) in
                let id = JSON.string("$response.body#\(link.id)")
                return (
                    link.name,
                    ["operationId": .string(link.operation), "parameters": ["id": id]]
                )
            }
            members.append(.init("links", object(links)))
        }
        return object(members)
    }

    /// The problems of one status: which they may be is part of the schema.
    private static func problem(_ status: Int, _ faults: [Route.Fault]) -> JSON {
        let codes = faults.map { JSON.string("urn:stepgate:problem:\($0.code)") }
        let text = faults.map { "`\($0.code)`: \($0.description)" }.joined(separator: "\n\n")
        let own: JSON = ["properties": ["type": ["enum": .array(codes)]]]
        var members: [JSONObject.Member] = [.init("description", .string(text))]
        let sent: [Route.AnswerHeader] =
            switch status {
            case 401: [.wwwAuthenticate]
            case 429: [.retryAfter, .rateLimit, .rateLimitPolicy]
            case 503: [.retryAfter]
            default: []
            }
        if !sent.isEmpty { members.append(.init("headers", headers(sent))) }
        members.append(
            .init(
                "content",
                content(
                    "application/problem+json",
                    ["allOf": [Components.ref("Problem"), own]]
                )
            )
        )
        return object(members)
    }

    private static func headers(_ headers: [Route.AnswerHeader]) -> JSON {
        object(
            headers.map {
                ($0.rawValue, ["$ref": .string("#/components/headers/\($0.rawValue)")])
            }
        )
    }

    // MARK: Objects

    private static func object(_ members: [JSONObject.Member]) -> JSON {
        .object(JSONObject(uniqueMembers: members))
    }

    private static func object(_ members: [(String, JSON)]) -> JSON {
        object(members.map { JSONObject.Member($0.0, $0.1) })
    }
}

extension Route.AnswerHeader {
    fileprivate var document: JSON {
        switch self {
        case .allow:
            ["description": "The methods that are there.", "schema": ["type": "string"]]
        case .location:
            ["description": "Where to look again.", "schema": ["type": "string"]]
        case .preferenceApplied:
            ["description": "The preference that counted.", "schema": ["type": "string"]]
        case .retryAfter:
            [
                "description": "Seconds after which another try is worth it.",
                "schema": ["type": "integer", "minimum": 0],
            ]
        case .cacheControl:
            ["description": "No cache keeps it.", "schema": ["type": "string"]]
        case .accelBuffering:
            ["description": "No server between holds it back.", "schema": ["type": "string"]]
        case .release:
            [
                "description": "The live release and, after a semicolon, how it went live.",
                "schema": ["type": "string", "examples": ["9f86d081884c…; watched"]],
            ]
        case .rateLimit:
            [
                "description": "What is left of the token's rate, and when there is more.",
                "schema": ["type": "string", "examples": [#""token";r=9;t=1"#]],
            ]
        case .rateLimitPolicy:
            [
                "description": "The token's rate: so many in so many seconds.",
                "schema": ["type": "string", "examples": [#""token";q=10;w=1"#]],
            ]
        case .wwwAuthenticate:
            ["description": "How to come in.", "schema": ["type": "string"]]
        }
    }
}
