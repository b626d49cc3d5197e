internal import Gateway
internal import Values

/// `stepgate api`: the document from which clients are generated, without a server.
enum APICommand {
    static let specification = CommandSpecification(
        "api",
        "Prints the HTTP API as OpenAPI 3.1, as GET /v1/openapi.json serves it.",
        examples: ["stepgate api > stepgate-openapi.json"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        Terminal.standard.print(OpenAPI.live)
        return .success
    }
}
