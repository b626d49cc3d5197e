/// Everything that is measured: the one table that the exposition and `Docs/Metrics.md` follow.
package enum Metric: Int, Sendable, CaseIterable {
    case decisions, changes, commitSeconds, commitChanges, commitBytes, commitFailures
    case commitWaiting
    case modelCalls, modelSeconds, modelTokens, modelCost
    case requests, requestSeconds, eventStreams, rateLimited
    case runSteps, runsEnded, runsForgotten, runsNow, runDueLag
    case queueAge, askingAge, logEntries, storeUp
    case logLinesDropped, seriesCollapsed
    case buildInfo, uptime, residentBytes, openFiles

    package enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// A gauge that has a value only while a scrape finds one.
        case found
        /// With the upper bounds of its buckets, ascending; one without a bound is added.
        case histogram([Double])

        /// As the exposition and the page say it.
        package var word: String {
            switch self {
            case .counter: "counter"
            case .gauge, .found: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package struct Definition: Sendable, Equatable {
        package let name: String
        package let kind: Kind
        /// Names of its labels, in the order of `Labels`; three at most.
        package let labels: [String]
        /// One sentence without a full stop.
        package let help: String

        init(_ name: String, _ kind: Kind, _ labels: [String] = [], _ help: String) {
            precondition(labels.count <= 3, "a metric has three labels at most")
            self.name = name
            self.kind = kind
            self.labels = labels
            self.help = help
        }
    }

    package static let definitions: [Definition] = Metric.allCases.map(\.definition)

    private static let seconds: Kind = .histogram([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])
    private static let sizes: Kind = .histogram([1, 4, 16, 64, 256, 1_024, 4_096])
    private static let bytes: Kind = .histogram([
        1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
    ])

    private var definition: Definition {
        switch self {
        case .decisions:
            .init(
                "stepgate_decisions_total",
                .counter,
                ["policy", "route", "state"],
                "Decisions that reached a state, once their commit was durable"
            )
        case .changes:
            .init(
                "stepgate_changes_total",
                .counter,
                ["result"],
                "Changes given to the store, by what became of them"
            )
        case .commitSeconds:
            .init(
                "stepgate_commit_seconds",
                Self.seconds,
                [],
                "Time from a commit's call to its end"
            )
        case .commitChanges:
            .init("stepgate_commit_changes", Self.sizes, [], "Changes of one call to commit")
        case .commitBytes:
            .init("stepgate_commit_bytes", Self.bytes, [], "Bytes of entries of one call to commit")
        case .commitFailures:
            .init(
                "stepgate_commit_failures_total",
                .counter,
                ["code"],
                "Calls to commit that the store did not take"
            )
        case .commitWaiting:
            .init(
                "stepgate_commit_waiting_changes",
                .gauge,
                [],
                "Changes given to the writer and not durable yet"
            )
        case .modelCalls:
            .init(
                "stepgate_model_calls_total",
                .counter,
                ["model", "result"],
                "Calls of models: answered, cached, or the kind of each attempt's failure"
            )
        case .modelSeconds:
            .init("stepgate_model_call_seconds", Self.seconds, ["model"], "Time of an attempt")
        case .modelTokens:
            .init(
                "stepgate_model_tokens_total",
                .counter,
                ["model", "direction"],
                "Tokens that models took in and gave out"
            )
        case .modelCost:
            .init(
                "stepgate_model_cost_usd_total",
                .counter,
                ["model"],
                "What the calls cost, in USD"
            )
        case .requests:
            .init(
                "stepgate_http_requests_total",
                .counter,
                ["route", "method", "status"],
                "Requests answered, by the pattern of their route and the class of their status"
            )
        case .requestSeconds:
            .init(
                "stepgate_http_request_seconds",
                Self.seconds,
                ["route", "method"],
                "Time from a request to its answer, waiting for a model or a person included"
            )
        case .eventStreams:
            .init("stepgate_event_streams", .gauge, [], "Streams of events that are open")
        case .rateLimited:
            .init(
                "stepgate_rate_limited_total",
                .counter,
                ["limit"],
                "Requests answered 429, by the limit they met"
            )
        case .runSteps:
            .init(
                "stepgate_run_attempts_total",
                .counter,
                ["flow", "by", "result"],
                "Attempts at steps of runs that ended, by who made them and what came of it"
            )
        case .runsEnded:
            .init(
                "stepgate_runs_ended_total",
                .counter,
                ["flow", "state"],
                "Runs that ended, by what as"
            )
        case .runsForgotten:
            .init(
                "stepgate_runs_forgotten_total",
                .counter,
                ["state"],
                "Runs deleted since they ended long ago, by what their outermost run ended as"
            )
        case .runsNow:
            .init(
                "stepgate_runs",
                .found,
                ["flow", "state"],
                "Runs of each flow in each state, the items of lists not counted"
            )
        case .runDueLag:
            .init(
                "stepgate_run_due_lag_seconds",
                .found,
                [],
                "How long the step that is due longest has been due; 0 when none is"
            )
        case .queueAge:
            .init(
                "stepgate_queue_age_seconds",
                .found,
                ["queue"],
                "Age of the oldest open review of each queue that has one"
            )
        case .askingAge:
            .init(
                "stepgate_asking_age_seconds",
                .found,
                [],
                "Age of the oldest decision that waits for a model; 0 when none does"
            )
        case .logEntries:
            .init("stepgate_log_entries", .found, [], "Entries of the log")
        case .storeUp:
            .init("stepgate_store_up", .found, [], "1 when the store could be read, else 0")
        case .logLinesDropped:
            .init(
                "stepgate_log_lines_dropped_total",
                .counter,
                [],
                "Lines of the log dropped since too many waited to be written"
            )
        case .seriesCollapsed:
            .init(
                "stepgate_metric_series_collapsed_total",
                .counter,
                ["metric"],
                "Observations counted under 'other' since their metric has too many series"
            )
        case .buildInfo: .init("stepgate_build_info", .found, ["version"], "Always 1")
        case .uptime: .init("stepgate_uptime_seconds", .found, [], "Time since the start")
        case .residentBytes:
            .init("process_resident_memory_bytes", .found, [], "Resident memory size in bytes")
        case .openFiles: .init("process_open_fds", .found, [], "Open file descriptors")
        }
    }
}

/// The values of a metric's labels, in the order of its definition.
///
/// Three texts in place rather than a list, so that finding a series takes nothing from the heap.
package struct Labels: Sendable, Hashable, Comparable {
    let first: String
    let second: String
    let third: String

    package init(_ first: String = "", _ second: String = "", _ third: String = "") {
        self.first = first
        self.second = second
        self.third = third
    }

    static let other = Labels("other", "other", "other")

    package static func < (left: Labels, right: Labels) -> Bool {
        (left.first, left.second, left.third) < (right.first, right.second, right.third)
    }

    func value(_ index: Int) -> String { index == 0 ? first : index == 1 ? second : third }
}
