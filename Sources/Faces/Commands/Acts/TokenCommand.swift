internal import Access
internal import Engine
internal import Storage
internal import StorageSQLite
internal import Values
internal import Webhooks

/// `stepgate token …`: who may come in over HTTP.
enum TokenCommand {
    static let specifications = [
        CommandSpecification(
            "token create",
            "Makes a token and shows its secret, once.",
            options: [
                OptionSpecification("--name", "NAME", "who it is, as decisions and reviews say"),
                OptionSpecification("--role", "ROLE", "agent, operator, reviewer or admin"),
                OptionSpecification(
                    "--policies",
                    "A,B",
                    "only about these policies; flow:NAME, work:KIND and event:TYPE name what "
                        + "else it may do"
                ),
                OptionSpecification(
                    "--rate",
                    "RATE",
                    "how often it may ask: 100/s, 6000/m or 100/s:20, 20 of them at once "
                        + "(default: the server's)"
                ),
                OptionSpecification("--days", "N", "how long it is good (default: 90)"),
                Person.option,
            ],
            examples: [
                "stepgate token create --name shop-bot --role agent --policies message-triage",
                "stepgate token create --name shop-bot --role agent --rate 100/s",
                "stepgate token create --name ada --role reviewer --days 30",
            ],
            run: create
        ),
        CommandSpecification(
            "token list",
            "Lists the tokens; never their secrets.",
            options: [
                OptionSpecification(
                    "--webhook-secrets",
                    nil,
                    "shows what the callbacks of each are signed with"
                )
            ],
            examples: ["stepgate token list --json", "stepgate token list --webhook-secrets"],
            run: list
        ),
        CommandSpecification(
            "token revoke",
            "Makes a token worth nothing, within a second.",
            arguments: ["ID"],
            options: [Person.option],
            examples: ["stepgate token revoke 019a9f3e-0000-7000-8000-000000000000"],
            run: revoke
        ),
    ]

    private static func desk(_ opened: OpenStore) -> TokenDesk {
        TokenDesk(
            store: opened.store,
            surroundings: .system
        )
    }

    private static func create(_ call: Invocation) async throws -> ExitCode {
        guard let name = call["--name"], !trimmed(name).isEmpty else {
            throw CommandFailure.usage("token create needs --name NAME")
        }
        guard let role = call["--role"].flatMap(Role.init) else {
            let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure.usage("token create needs --role, one of \(roles)")
        }
        let days = try call.number("--days", in: 1...3_650, default: 90)
        let rate = try call.rate
        let policies = call["--policies"]?.split(separator: ",").map { trimmed(String($0)) }
        let opened = try OpenStore(call, mode: .oneShot)
        let desk = desk(opened)
        let (secret, token) = try await desk.create(
            name: name,
            role: role,
            policies: policies,
            lasting: .seconds(Int64(days) * 86_400),
            rate: rate,
            by: Person.of(call)
        )
        let webhookSecret = try await desk.webhookSecret(of: token.id).shown
        await opened.store.close()
        if call.wantsJSON {
            guard let own = token.json.object else { preconditionFailure("a token is an object") }
            Terminal.standard.print(
                .object(
                    own.setting("secret", to: .string(secret))
                        .setting("webhook_secret", to: .string(webhookSecret))
                )
            )
        } else {
            Terminal.standard.print(secret)
            Terminal.standard.note(
                "token \(token.id) for \(name), \(role.rawValue), good for \(days) days. "
                    + "It is not shown again. What it asks with a callback_url is signed with "
                    + webhookSecret
            )
        }
        return .success
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .reader)
        let tokens = try await desk(opened).all()
        if call.has("--webhook-secrets") {
            try await listSecrets(of: tokens, desk(opened), call)
            return .success
        }
        if call.wantsJSON {
            Terminal.standard.print(.array(tokens.map(\.json)))
            return .success
        }
        let now = SystemClock().now
        var table = Table([
            .init("token", whole: true), .init("name"), .init("role"), .init("policies"),
            .init("rate"), .init("state"), .init("expires"),
        ])
        for token in tokens {
            let state =
                token.revokedAt != nil ? "revoked" : token.isValid(at: now) ? "good" : "expired"
            table.add([
                token.id.description, token.name, token.role.rawValue,
                token.policies?.joined(separator: ", ") ?? "all", token.rate?.text ?? "", state,
                token.expiresAt.map { String($0.rfc3339.prefix(10)) } ?? "never",
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }

    private static func listSecrets(
        of tokens: [AccessToken],
        _ desk: TokenDesk,
        _ call: Invocation
    ) async throws {
        var table = Table([
            .init("token", whole: true), .init("name"), .init("webhook secret", whole: true),
        ])
        var listed: [JSON] = []
        for token in tokens {
            let secret = try await desk.webhookSecret(of: token.id).shown
            table.add([token.id.description, token.name, secret])
            listed.append([
                "id": .string(token.id.description), "name": .string(token.name),
                "webhook_secret": .string(secret),
            ])
        }
        if call.wantsJSON { return Terminal.standard.print(.array(listed)) }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
    }

    private static func revoke(_ call: Invocation) async throws -> ExitCode {
        let id = try OpenStore.identifier(call.arguments[0], "token")
        let opened = try OpenStore(call, mode: .oneShot)
        let token = try await desk(opened).revoke(id, by: Person.of(call))
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(token.json)
        } else {
            Terminal.standard.print("token \(token.id) of \(token.name) is revoked")
        }
        return .success
    }
}

extension Invocation {
    /// The rate given by `--rate`.
    var rate: Rate? {
        get throws(CommandFailure) {
            guard let text = self["--rate"] else { return nil }
            guard let rate = Rate(text) else {
                throw .usage(
                    "--rate takes a number a second, minute or hour, and how many of them at once: "
                        + "100/s, 6000/m or 100/s:20; got '\(text)'"
                )
            }
            return rate
        }
    }
}
