/// The problems that rows share.
extension Route.Fault {
    static let malformed = Self(
        400,
        "malformed",
        "The path or the query has an escape that is none, a NUL, or bytes that are no UTF-8."
    )
    static let query = Self(
        400,
        "invalid-query",
        "An argument of the query is unknown, given twice, or does not fit its schema."
    )
    static let json = Self(
        400,
        "invalid-json",
        "The body is not JSON; the detail says line, column and where."
    )
    static let incomplete = Self(
        400,
        "incomplete-body",
        "The upload was cut; the lines that came whole are decided and kept."
    )
    static let noObject = Self(400, "invalid-body", "The body is not of the type that it must be.")
    static let key = Self(400, "invalid-key", "The idempotency key is not usable.")
    static let wait = Self(400, "invalid-wait", "The preference `wait` is not usable.")
    static let unauthorized = Self(
        401,
        "unauthorized",
        "There is no token, or it is unknown, expired or revoked."
    )
    static let forbidden = Self(403, "forbidden", "The token's role or policies do not allow it.")
    static let blind = Self(
        403,
        "blind",
        "An audit of the decision is open, and who reviews must not see its answer."
    )
    static let notFound = Self(
        404,
        "not-found",
        "There is no such thing, or the token may not see it."
    )
    static let unknownPolicy = Self(404, "unknown-policy", "The live release has no such policy.")
    static let refused = Self(
        409,
        "refused",
        "It does not count as things stand; the detail says why."
    )
    static let tooLarge = Self(413, "too-large", "The body is larger than the server takes.")
    static let mediaType = Self(
        415,
        "unsupported-media-type",
        "The body's content type is missing or not the expected one."
    )
    static let body = Self(
        422,
        "invalid-body",
        "The body does not fit its schema, or has an integer beyond 64 bits or too many levels; "
            + "`errors` names each place."
    )
    static let input = Self(
        422,
        "invalid-input",
        "The input does not fit the policy's own schema; `errors` names each place."
    )
    static let callback = Self(
        422,
        "invalid-callback",
        "The callback URL is not usable, or leads where this server does not send."
    )
    static let output = Self(
        422,
        "invalid-output",
        "The output does not fit the policy's own schema, or is not allowed by it."
    )
    static let keyReused = Self(
        422,
        "idempotency-key-reused",
        "The idempotency key belongs to a decision with another input."
    )
    static let rateLimited = Self(
        429,
        "rate-limited",
        "The token has asked more often than its rate allows."
    )
    static let guesses = Self(
        429,
        "too-many-failures",
        "Too many tokens came that are not good, so no unknown one is looked at for a moment."
    )
    static let release = Self(500, "release", "The decision's release cannot be loaded.")
    static let broken = Self(500, "release", "The release does not compile with this program.")
    static let unavailable = Self(
        503,
        "unavailable",
        "The store does not answer, or the server is too busy or stopping; nothing was done."
    )
}

extension Route {
    /// Every problem it may answer with: its own, and those of what it takes.
    var allFaults: [Fault] {
        var all: [Fault] = [.malformed, .query] + headers.map(\.fault)
        if let body {
            all += [.mediaType, .tooLarge]
            if body.isJSON { all += [.json, .noObject, .body] }
        }
        if !names.isEmpty { all.append(.notFound) }
        if roles != nil {
            all += [.unauthorized, .forbidden, .rateLimited, .guesses, .unavailable]
        }
        for fault in faults where !all.contains(fault) { all.append(fault) }
        return all
    }
}
