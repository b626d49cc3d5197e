internal import Values

/// Parameters, headers and bodies that rows share.
extension Route.Parameter {
    static let decision = Self(
        name: "id",
        schema: Form.identifier("A decision's identifier."),
        description: "the decision"
    )
    static let review = Self(
        name: "id",
        schema: Form.identifier("A review's identifier."),
        description: "the review"
    )
    static let cursor = Self(
        name: "cursor",
        schema: Form.identifier("A cursor."),
        description: "what an earlier answer gave as 'next'"
    )
    static let limit = Self(
        name: "limit",
        schema: Form.usually(
            50,
            Form.count("Rows of one page.", from: 1, to: Int64(Limits.page))
        ),
        description: "at most so many"
    )
}

extension Route.Header {
    /// With or without quotes.
    static let idempotencyKey = Self(
        name: "Idempotency-Key",
        schema: Form.setting(
            "pattern",
            .string(
                ##"^("[ -~]{1,\##(Limits.keyCharacters)}""##
                    + ##"|[!#-~][ -~]{0,\##(Limits.keyCharacters - 1)})$"##
            ),
            Form.text("1 to \(Limits.keyCharacters) characters of ASCII.", "order-17")
        ),
        description: "the same key is the same decision, however often it is sent; "
            + "1 to \(Limits.keyCharacters) characters of ASCII, which may be quoted",
        fault: .key
    )

    /// Preferences that are not known are passed over (RFC 7240).
    static let prefer = Self(
        name: "Prefer",
        schema: [
            "type": "string", "description": "RFC 7240; `wait` is the one that counts here.",
            "not": [
                "pattern": .string(
                    #"(^|,)[ \t]*[Ww][Aa][Ii][Tt][ \t]*"#
                        + #"($|,|=[ \t]*($|[^0-9 \t]|[0-9]+[ \t]*[^0-9, \t]|[0-9]{10}))"#
                )
            ], "examples": ["wait=10"],
        ],
        description: "'wait=N' waits until it is final, at most N seconds and 60",
        fault: .wait
    )
}

extension Route.Body {
    /// For acts that need no more words; an empty object is as good as nothing.
    static let nothing = Self(
        schema: Components.ref("Nothing"),
        description: "Nothing, or an empty object.",
        isRequired: false
    )
}
