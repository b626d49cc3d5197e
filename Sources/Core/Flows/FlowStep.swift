package import Access
package import Autonomy
package import Expressions
package import Reviews
package import Values

/// One step of a flow.
package struct FlowStep: Sendable {
    /// Unique in its flow; one made up for a `parallel`, `each` or `switch` that was given none.
    package let id: String
    /// The step it stands in: a `parallel`, `each` or `switch`, or one whose `on_failure` does it.
    package let parent: Int?
    /// Where a run is once this step begins; nothing leaves it where it is.
    package let stage: String?
    /// Skipped when it does not hold.
    package let when: FlowExpression?
    package let work: Work
    package let retry: Retry
    /// How long one attempt may work.
    package let timeout: Duration
    /// How long it may wait, for a worker or for what it waits for; nothing for ever.
    package let deadline: Duration?
    /// How often attempts at it begin at most, those of all runs and at its `undo` together; nothing
    /// for always.
    package let rate: Rate?
    package let onFailure: OnStepFailure
    /// What is done, the last step first, when a later step aborts the run.
    package let undo: Work?

    package init(
        id: String,
        parent: Int? = nil,
        stage: String? = nil,
        when: FlowExpression? = nil,
        work: Work,
        retry: Retry = .none,
        timeout: Duration = .seconds(60),
        deadline: Duration? = nil,
        rate: Rate? = nil,
        onFailure: OnStepFailure = .deadLetter,
        undo: Work? = nil
    ) {
        self.id = id
        self.parent = parent
        self.stage = stage
        self.when = when
        self.work = work
        self.retry = retry
        self.timeout = timeout
        self.deadline = deadline
        self.rate = rate
        self.onFailure = onFailure
        self.undo = undo
    }
}

extension FlowStep {
    /// The steps whose outputs its expressions read.
    package var reads: Set<Int> {
        var reads = when?.reads ?? []
        for work in [work, undo] {
            if let work { reads.formUnion(work.reads) }
        }
        return reads
    }
}

/// What a step does.
///
/// The last three hold other steps, by their numbers.
package enum Work: Sendable {
    /// Has a policy decide; the output is the decision's.
    case decide(policy: String, with: FlowTemplate)
    case review(ReviewWork)
    case http(HTTPWork)
    /// Values worked out; those named like a field of the flow are the run's from then on.
    case set(FlowTemplate)
    case wait(WaitWork)
    case sleep(SleepWork)
    /// Runs another flow of the release; the output is that run's.
    case flow(name: String, with: FlowTemplate)
    /// Claimed by an external worker that asks for work of that kind.
    case external(kind: String, with: FlowTemplate, output: Schema?)
    /// All branches at once; the output has each branch's last output by its name.
    case parallel([Branch])
    case each(EachWork)
    /// The first branch whose condition holds, or the last without one.
    case choose([Choice])

    /// The steps whose outputs it reads itself, those inside it aside.
    package var reads: Set<Int> {
        switch self {
        case .decide(_, let with), .set(let with), .flow(_, let with), .external(_, let with, _):
            with.reads
        case .review(let review): review.shows.reads
        case .http(let http): http.reads
        case .wait(.event(_, let match, _)): match?.reads ?? []
        case .wait(.until(let moment)), .sleep(.computed(let moment)): moment.reads
        case .wait(.callback), .sleep(.fixed), .parallel: []
        case .each(let each): each.items.reads
        case .choose(let choices): choices.reduce(into: []) { $0.formUnion($1.when?.reads ?? []) }
        }
    }

    package struct Branch: Sendable, Equatable {
        package let name: String
        package let steps: [Int]

        package init(name: String, steps: [Int]) {
            self.name = name
            self.steps = steps
        }
    }

    package struct Choice: Sendable {
        package let when: FlowExpression?
        package let steps: [Int]

        package init(when: FlowExpression?, steps: [Int]) {
            self.when = when
            self.steps = steps
        }
    }
}

/// A question to people that no policy asks: they see what is shown and approve, or fill a form.
package struct ReviewWork: Sendable {
    package let terms: Review.Terms
    package let because: String
    package let shows: FlowTemplate
    /// What a person writes; nothing asks for approval alone, whose output is `{approved: true}`.
    package let output: Schema?

    package init(terms: Review.Terms, because: String, shows: FlowTemplate, output: Schema?) {
        self.terms = terms
        self.because = because
        self.shows = shows
        self.output = output
    }
}

/// A call over HTTP.
///
/// The output is `{status, headers, body}`.
package struct HTTPWork: Sendable {
    package let method: String
    package let url: FlowTemplate
    package let headers: [(name: String, value: HeaderValue)]
    package let body: FlowTemplate?
    /// What a good answer's body must be like.
    package let response: Schema?
    /// Statuses that are a success; 200 to 299 when empty.
    package let expects: Set<Int>

    fileprivate var reads: Set<Int> {
        var reads = url.reads.union(body?.reads ?? [])
        for header in headers {
            if case .template(let template) = header.value { reads.formUnion(template.reads) }
        }
        return reads
    }

    package enum HeaderValue: Sendable {
        case template(FlowTemplate)
        /// `Bearer ${env:NAME}`: text before a secret, which is read when it is used.
        case secret(prefix: String, SecretReference)
    }

    package init(
        method: String,
        url: FlowTemplate,
        headers: [(name: String, value: HeaderValue)],
        body: FlowTemplate?,
        response: Schema?,
        expects: Set<Int>
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.response = response
        self.expects = expects
    }
}

/// What a step waits for outside; the output is what came.
package enum WaitWork: Sendable {
    /// A call of an address made for this step.
    case callback(output: Schema?)
    /// An event of that type for which the condition over `event` holds; `about` is what the condition
    /// asks of one field of it, by which it is found among all that wait.
    case event(type: String, match: FlowExpression?, about: RequiredEquality?)
    /// A moment, as a timestamp or as text of RFC 3339.
    case until(FlowExpression)
}

/// How long a step lets pass; it has no output.
package enum SleepWork: Sendable {
    case fixed(Duration)
    /// Worked out when the step begins.
    case computed(FlowExpression)
}

/// The same steps for every item of a list, each item a run of its own.
package struct EachWork: Sendable {
    package let items: FlowExpression
    /// The name an item has in the expressions of `steps`; its place is `NAME_index`.
    package let name: String
    /// Items under way at once.
    package let limit: Int
    package let steps: [Int]

    package init(items: FlowExpression, name: String, limit: Int, steps: [Int]) {
        self.items = items
        self.name = name
        self.limit = limit
        self.steps = steps
    }
}

/// When an attempt that failed is made again.
package struct Retry: Sendable, Equatable {
    /// Attempts in all.
    package let attempts: Int
    /// Before the second attempt, doubling up to the upper bound.
    package let backoff: ClosedRange<Duration>
    /// The kinds of failure that are tried again; nothing means every kind that may pass by itself.
    package let on: [FailureMatch]?

    package init(attempts: Int, backoff: ClosedRange<Duration>, on: [FailureMatch]? = nil) {
        self.attempts = attempts
        self.backoff = backoff
        self.on = on
    }

    package static let none = Retry(attempts: 1, backoff: .seconds(1) ... .seconds(60))
}

/// What a failure may be like: a kind such as `timeout`, a status such as `429`, or `5xx`.
package enum FailureMatch: Sendable, Equatable {
    case kind(String)
    case status(Int)
    /// A hundred of statuses by its first digit.
    case statuses(Int)
}

/// What becomes of a step that failed for good.
package enum OnStepFailure: Sendable, Equatable {
    /// The whole run stands still until somebody acts.
    case pause
    /// The step is parked until somebody acts; what does not need it goes on.
    case deadLetter
    /// The run ends as failed, after what was done is undone.
    case abort
    /// The run goes on without its output.
    case goOn
    /// Those steps are done, then the run goes on.
    case perform([Int])
}
