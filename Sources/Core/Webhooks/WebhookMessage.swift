package import Decisions
package import Values

/// What a receiver is sent of a final decision, as Standard Webhooks 1.0.0 has it.
package struct WebhookMessage: Sendable, Equatable {
    /// The same for each attempt, so that a receiver knows a message it has had.
    package let id: String
    package let body: [UInt8]

    /// `result` is what a caller sees of the decision; where the message would be too large, it says
    /// only where the decision is.
    package init(
        of decision: Identifier,
        _ state: DecisionState,
        at finalAt: Instant,
        _ result: JSON
    ) {
        precondition(!state.isPending, "only a final decision is told")
        // No full stop, which parts the signed text.
        id = "\(decision)_\(state.rawValue)"
        func bytes(_ data: JSON) -> [UInt8] {
            let message: JSON = [
                "type": .string("decision.\(state.rawValue)"),
                "timestamp": .string(finalAt.rfc3339), "data": data,
            ]
            var bytes: [UInt8] = []
            message.appendCompact(to: &bytes)
            return bytes
        }
        let whole = bytes(result)
        let location = "/v1/decisions/\(decision)"
        body =
            whole.count <= Limits.messageBytes
            ? whole
            : bytes(["decision": .string(decision.description), "location": .string(location)])
    }

    /// The headers of one attempt, names in lower case.
    package func headers(
        at now: Instant,
        secret: WebhookSecret
    ) -> [(name: String, value: String)] {
        let seconds = floorDivide(now.microseconds, 1_000_000)
        let signed = Array("\(id).\(seconds).".utf8) + body
        return [
            ("content-type", "application/json"), ("webhook-id", id),
            ("webhook-timestamp", "\(seconds)"), ("webhook-signature", secret.sign(signed)),
        ]
    }
}

/// What the messages to one token's holder are signed with.
///
/// It follows from the store's secret and is kept nowhere, so printing a store shows none.
package struct WebhookSecret: Sendable, Equatable, CustomStringConvertible {
    private let bytes: [UInt8]

    package init(store secret: [UInt8], token: Identifier) {
        bytes = hmac(key: secret, message: Array("webhook/\(token)".utf8)).bytes
    }

    /// As its owner needs it; for the owner's eyes only.
    package var shown: String { "whsec_\(bytes.base64)" }

    /// Never the secret.
    package var description: String { "a webhook secret" }

    fileprivate func sign(_ text: [UInt8]) -> String {
        "v1,\(hmac(key: bytes, message: text).bytes.base64)"
    }
}
