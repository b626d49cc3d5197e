internal import Access
internal import Decisions
internal import Telemetry
internal import Values

/// What a request is counted and told as.
extension Gateway {
    /// Everything that is measured, for Prometheus.
    func metrics() async -> GatewayResponse {
        let scrape = Scrape(
            store: store,
            version: instruments.version,
            uptime: instruments.uptime,
            process: instruments.process
        )
        return GatewayResponse(
            status: 200,
            headers: [("content-type", MetricRegistry.contentType)],
            body: instruments.metrics.exposition(with: await scrape.found(at: now()))
        )
    }

    /// Counts and tells an answered request.
    func observe(
        _ written: String,
        _ noted: RequestNotes.Noted,
        status: Int,
        lasted: Duration
    ) {
        let metrics = instruments.metrics
        let route = noted.route ?? "none"
        // Any word may stand there in a request.
        let method = Self.methods.contains(written) ? written : "other"
        metrics.add(.requests, Labels(route, method, "\(status / 100)xx"))
        metrics.observe(.requestSeconds, Labels(route, method), time: lasted)
        if status == 429 {
            let limit = noted.problem == "too-many-failures" ? "authentication" : "token"
            metrics.add(.rateLimited, Labels(limit))
        }
        tell(noted, method, route, status, lasted)
    }

    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
    ]

    /// The path is told by its route's pattern: what a stranger wrote there may be anything.
    private func tell(
        _ noted: RequestNotes.Noted,
        _ method: String,
        _ route: String,
        _ status: Int,
        _ lasted: Duration
    ) {
        let log = instruments.log
        var fields: [(String, JSON?)] = [
            ("method", .string(method)), ("path", .string(route)),
            ("status", .int(Int64(status))), ("duration_seconds", .double(lasted.seconds)),
            ("caller", (noted.token?.name).map(JSON.string)),
            ("token", (noted.token?.id.description).map(JSON.string)),
            ("problem", noted.problem.map(JSON.string)),
        ]
        switch status {
        case 401, 403, 429:
            guard log.takes(.warn), let untold = gatekeeper.mayTell() else { return }
            if untold > 0 { fields.append(("untold", .int(Int64(untold)))) }
            log.note(.warn, "refused", fields)
        case 500...:
            guard log.takes(.error), let untold = gatekeeper.mayTell() else { return }
            if untold > 0 { fields.append(("untold", .int(Int64(untold)))) }
            log.note(.error, "request_failed", fields)
        default:
            guard log.takes(.info) else { return }
            for record in noted.decisions { tell(record, fields) }
            if noted.decisions.isEmpty { log.note(.debug, "request", fields) }
        }
    }

    private func tell(_ record: DecisionRecord, _ fields: [(String, JSON?)]) {
        instruments.log.note(
            .info,
            "decision",
            [
                ("decision", .string(record.id.description)), ("policy", .string(record.policy)),
                ("release", .string(record.release.hex)),
                ("route", (record.route?.rawValue).map(JSON.string)),
                ("state", .string(record.state.rawValue)), ("reason", .string(record.reason)),
            ] + fields
        )
    }
}
