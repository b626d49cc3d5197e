package import Expressions
package import Prompts
package import Reviews
package import Values

/// How much a policy leaves to the model (design, section 4).
package enum AutonomyLevel: String, Sendable, CaseIterable {
    /// Rules decide; what no rule decides fails.
    case locked
    /// Rules decide, people do the rest.
    case manual
    /// The model drafts, people decide.
    case suggest
    /// The model decides where it is sure enough.
    case supervised
    /// The model decides; `accept` is only reported.
    case autonomous

    package var asksModel: Bool { self != .locked && self != .manual }
}

/// One kind of step, compiled: its schemas, rules, model, checks, thresholds, review and audit.
///
/// Everything in it has been checked, so deciding meets no unknown name. It is shared, not copied:
/// thousands of steps under way hold it at once.
package final class Policy: Sendable {
    package let name: String
    package let title: String?
    package let owner: String?
    package let autonomy: AutonomyLevel
    package let input: Schema
    package let output: Schema
    /// The output fields that say whether an answer was right.
    package let compared: [String]
    package let rules: [Rule]
    package let model: ModelClause?
    package let checks: [Check]
    package let accept: [AcceptClause]
    package let budget: Budget?
    package let reviewTerms: Review.Terms
    package let audit: AuditClause
    package let privatePointers: [JSONPointer]
    /// SHA-256 of the policy's file.
    package let digest: Digest
    let environments: PolicyEnvironments

    init(
        name: String,
        title: String?,
        owner: String?,
        autonomy: AutonomyLevel,
        input: Schema,
        output: Schema,
        compared: [String],
        rules: [Rule],
        model: ModelClause?,
        checks: [Check],
        accept: [AcceptClause],
        budget: Budget?,
        reviewTerms: Review.Terms,
        audit: AuditClause,
        privatePointers: [JSONPointer],
        digest: Digest,
        environments: PolicyEnvironments
    ) {
        self.name = name
        self.title = title
        self.owner = owner
        self.autonomy = autonomy
        self.input = input
        self.output = output
        self.compared = compared
        self.rules = rules
        self.model = model
        self.checks = checks
        self.accept = accept
        self.budget = budget
        self.reviewTerms = reviewTerms
        self.audit = audit
        self.privatePointers = privatePointers
        self.digest = digest
        self.environments = environments
    }
}

/// A condition, and what happens when it holds first.
package struct Rule: Sendable {
    package enum Action: Sendable {
        case decide(ValueTemplate)
        /// In that queue, or the policy's own.
        case review(queue: String?)
    }

    package let id: String
    /// Nothing holds always.
    package let condition: Program?
    package let action: Action
    package let because: String?
}

/// How the model is asked.
package struct ModelClause: Sendable {
    /// Where its confidence is asked for, for what is found wrong with it later.
    package let place: SourceRange
    package let prompt: Prompt
    /// Names of models; the next is asked only when the last was not sure enough.
    package let use: [String]
    package let confidence: ConfidenceClause
    package let timeout: Duration
    package let attempts: Int
    package let backoff: ClosedRange<Duration>
    package let onFailure: OnFailure
}

/// What becomes of a step whose model fails.
package struct OnFailure: Sendable {
    package enum Then: Sendable {
        case review
        case fail
        case decide(ValueTemplate)
    }

    /// How long a model that is unavailable is asked again.
    package let wait: Duration
    package let then: Then
}

/// A condition that a model's output must meet.
package struct Check: Sendable {
    package let id: String
    package let condition: Program
    package let because: String?
}

/// When the model may decide alone.
package struct AcceptClause: Sendable {
    package enum Threshold: Sendable, Equatable {
        case never
        case fixed(Double)
        /// Found from outcomes, so that at most `error` of what it accepts is wrong; until then
        /// what `until` says applies.
        case error(Double, certainty: Double, until: Double?)

        /// The least confidence accepted now; nothing for never.
        package var inForce: Double? {
            switch self {
            case .never: nil
            case .fixed(let value): value
            case .error(_, _, let until): until
            }
        }
    }

    package let condition: Program?
    package let threshold: Threshold
    /// By the name of a model under `use:`, where that one has a threshold of its own.
    package let stages: [String: Threshold]

    /// What an answer of that model must reach.
    package func threshold(of model: String) -> Threshold { stages[model] ?? threshold }
}

/// How much one policy's models may cost in a period.
package struct Budget: Sendable, Equatable {
    package enum OnExceeded: String, Sendable, CaseIterable {
        case review
        case fail
        /// Stays `asking` until the next period.
        case wait
    }

    /// US dollars.
    package let usd: Double
    package let period: CalendarPeriod
    /// Whose midnight ends a day.
    package let zone: TimeZoneRules
    package let onExceeded: OnExceeded

    package init(
        usd: Double,
        period: CalendarPeriod,
        zone: TimeZoneRules,
        onExceeded: OnExceeded
    ) {
        self.usd = usd
        self.period = period
        self.zone = zone
        self.onExceeded = onExceeded
    }

    /// The period that a moment is in: its first instant and the first of the next.
    package func period(at now: Instant) -> (start: Instant, end: Instant) {
        (zone.start(of: period, containing: now), zone.end(of: period, containing: now))
    }
}

/// Which decisions are drawn for a blind audit, and what their reviews ask.
package struct AuditClause: Sendable {
    /// The share of the model's decisions that people check blindly.
    package let rate: Double
    /// The share of the rules' decisions.
    package let rules: Double
    package let terms: Review.Terms
}

/// What conditions of one policy may use, and the values that are the same for every step.
struct PolicyEnvironments: Sendable {
    let rules: ExpressionEnvironment
    let checks: ExpressionEnvironment
    let accept: ExpressionEnvironment
    let lists: JSON
    let vars: JSON
}

/// Who asks.
package struct Caller: Sendable, Equatable {
    package let id: String
    package let roles: [String]

    package init(id: String, roles: [String]) {
        self.id = id
        self.roles = roles
    }
}

/// One unit of work to be decided.
package struct Step: Sendable, Equatable {
    package let id: Identifier
    package let policy: String
    package let key: String?
    package let source: String
    package let caller: Caller
    package let input: JSON

    package init(
        id: Identifier,
        policy: String,
        key: String?,
        source: String,
        caller: Caller,
        input: JSON
    ) {
        self.id = id
        self.policy = policy
        self.key = key
        self.source = source
        self.caller = caller
        self.input = input
    }
}

extension Policy {
    /// The terms of a review, in the policy's queue or another.
    package func reviewTerms(queue: String?) -> Review.Terms {
        guard let queue else { return reviewTerms }
        return Review.Terms(
            queue: queue,
            due: reviewTerms.due,
            approvals: reviewTerms.approvals,
            lease: reviewTerms.lease,
            fourEyes: reviewTerms.fourEyes
        )
    }

    /// How long asking all its models may take, waits between attempts included.
    package var longestCall: Duration {
        guard let model else { return .zero }
        return model.timeout * model.use.count + .seconds(30)
    }

    /// Whether two outputs agree in what counts.
    package func agrees(_ first: JSON, _ second: JSON) -> Bool {
        compared.allSatisfy { first[$0] ?? .null == second[$0] ?? .null }
    }

    /// The draw that decides whether a decision is audited.
    ///
    /// HMAC-SHA-256 of its id under the
    /// store's secret, as a fraction of 2^64, below the rate. The same id always draws the same.
    ///
    /// Only what rules or the model decided is drawn.
    package func drawAudit(of id: Identifier, byModel: Bool, secret: [UInt8]) -> AuditDraw {
        let p = byModel ? audit.rate : audit.rules
        let mac = hmac(key: secret, message: id.bytes)
        let bits = mac.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return AuditDraw(p: p, drawn: Double(bits >> 11) * 0x1p-53 < p)
    }
}

/// Whether one decision was drawn for an audit, and how likely that was.
package struct AuditDraw: Sendable, Equatable {
    /// The probability it was drawn with, kept also when it was not.
    package let p: Double
    package let drawn: Bool
}
