package import Decisions
package import Storage
package import Values
package import Webhooks

/// A step as it comes in, before anything is known of it but its policy.
package struct IncomingStep: Sendable {
    /// What makes it the same step when it comes again.
    package struct Key: Sendable, Hashable {
        package let scope: String
        package let key: String

        package init(scope: String, key: String) {
            self.scope = scope
            self.key = key
        }
    }

    /// What a flow asks people by itself, without a policy of its own.
    package struct Question: Sendable {
        /// What they approve; nothing where they are to write it.
        package let draft: JSON?
        package let because: String

        package init(draft: JSON?, because: String) {
            self.draft = draft
            self.because = because
        }
    }

    package let policy: String
    package let input: JSON
    package let key: Key?
    package let keyLasts: KeyClaim.Lifetime
    /// Where it comes from, such as a file's name.
    package let source: String
    package let caller: String
    package let callback: CallbackWish?

    package init(
        policy: String,
        input: JSON,
        key: Key?,
        keyLasts: KeyClaim.Lifetime = .always,
        source: String,
        caller: String,
        callback: CallbackWish? = nil
    ) {
        self.callback = callback
        self.policy = policy
        self.input = input
        self.key = key
        self.keyLasts = keyLasts
        self.source = source
        self.caller = caller
    }
}

/// Where a caller wants the result sent, and whose secret signs it.
package struct CallbackWish: Sendable, Equatable {
    package let url: CallbackURL
    package let token: Identifier

    package init(url: CallbackURL, token: Identifier) {
        self.url = url
        self.token = token
    }
}

/// A decision as it stands, with the output in force.
package struct DecisionView: Sendable, Equatable {
    package let record: DecisionRecord
    /// The answer, or the draft under review; nothing where there is none.
    package let output: JSON?

    package init(record: DecisionRecord, output: JSON?) {
        self.record = record
        self.output = output
    }

    /// What a caller gets: a draft is no answer, so only a decided step has an output.
    package var json: JSON {
        guard let own = record.json.object else { preconditionFailure("a record is an object") }
        return .object(
            own.setting("output", to: record.state == .decided ? output ?? .null : .null)
        )
    }
}

/// What became of an incoming step at first; all of it durable.
package enum Begun: Sendable {
    /// Decided, failed or waiting for a person: nothing is left to do.
    case settled(DecisionView)
    /// Accepted: `DecisionEngine.ask` goes on.
    case asking(Asking)
    /// The same step came before.
    case known(DecisionView)
    /// The key came before with another input, for that decision.
    case keyTaken(by: Identifier)
    /// The input does not fit the policy's schema: nothing was decided.
    case refused([SchemaFailure])
}
