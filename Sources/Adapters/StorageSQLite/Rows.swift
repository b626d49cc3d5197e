internal import Access
internal import Decisions
internal import Reviews
internal import Storage
internal import Values

/// How records stand in rows.
enum Rows {
    static let decisionColumns =
        "id, policy, release, key, source, caller, created_at, updated_at, state, route, reason, "
        + "because, confidence, threshold, cost, epoch, lease_until, retry_at, asked_at, review, "
        + "last_entry, input_entry, output_entry, version"

    private static let decisionValues =
        "INTO decisions (\(decisionColumns)) VALUES "
        + "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

    /// Changes no row when the decision is there already.
    static let insertDecision = "INSERT \(decisionValues) ON CONFLICT (id) DO NOTHING"

    static let replaceDecision = "INSERT OR REPLACE \(decisionValues)"

    static func values(of record: DecisionRecord) -> [SQLiteValue] {
        [
            .blob(record.id.bytes), .text(record.policy), .blob(record.release.bytes),
            SQLiteValue(record.key), .text(record.source), .text(record.caller),
            .integer(record.createdAt.microseconds), .integer(record.updatedAt.microseconds),
            .text(record.state.rawValue), SQLiteValue(record.route?.rawValue),
            .text(record.reason), .text(record.because), SQLiteValue(record.confidence),
            SQLiteValue(record.threshold), .integer(record.cost), .integer(record.epoch),
            SQLiteValue(record.leaseUntil?.microseconds),
            SQLiteValue(record.retryAt?.microseconds), SQLiteValue(record.askedAt?.microseconds),
            record.review.map { .blob($0.bytes) } ?? .null, .integer(record.links.last),
            .integer(record.links.input), .integer(record.links.output), .integer(record.version),
        ]
    }

    static func decision(_ row: [SQLiteValue]) throws(StoreError) -> DecisionRecord {
        guard row.count >= 24, let id = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let policy = row[1].text, let release = row[2].blob.flatMap({ Digest(bytes: $0) }),
            let source = row[4].text, let caller = row[5].text, let created = row[6].integer,
            let updated = row[7].integer, let state = row[8].text.flatMap(DecisionState.init)
        else { throw StoreError(.corrupt, "a row of decisions is not as Stepgate writes it") }
        var record = DecisionRecord(
            id: id,
            policy: policy,
            release: release,
            key: row[3].text,
            source: source,
            caller: caller,
            createdAt: Instant(microseconds: created),
            state: state
        )
        record.updatedAt = Instant(microseconds: updated)
        record.route = row[9].text.flatMap(Route.init)
        record.reason = row[10].text ?? ""
        record.because = row[11].text ?? ""
        record.confidence = row[12].real
        record.threshold = row[13].real
        record.cost = row[14].integer ?? 0
        record.epoch = row[15].integer ?? 0
        record.leaseUntil = row[16].integer.map(Instant.init)
        record.retryAt = row[17].integer.map(Instant.init)
        record.askedAt = row[18].integer.map(Instant.init)
        record.review = row[19].blob.flatMap { Identifier(bytes: $0) }
        record.links.last = row[20].integer ?? 0
        record.links.input = row[21].integer ?? 0
        record.links.output = row[22].integer ?? 0
        record.version = row[23].integer ?? 0
        return record
    }

    static func values(of review: Review) -> [SQLiteValue] {
        [
            .blob(review.id.bytes), .text(review.terms.queue), .text(review.state.rawValue),
            .text(review.kind.rawValue), .blob(review.decision.bytes), .integer(review.version),
            .blob(Array(review.json.compactText.utf8)),
        ]
    }

    static func review(_ row: [SQLiteValue]) throws(StoreError) -> Review {
        guard let bytes = row.first?.blob, let json = try? JSON.read(bytes),
            let review = Review(json: json)
        else { throw StoreError(.corrupt, "a row of reviews is not as Stepgate writes it") }
        return review
    }

    static func values(of model: ModelState) -> [SQLiteValue] {
        [
            .text(model.model), .text(model.breaker.rawValue),
            .integer(model.since.microseconds), SQLiteValue(model.until?.microseconds),
        ]
    }

    /// `model, breaker, since, until`.
    static func model(_ row: [SQLiteValue]) throws(StoreError) -> ModelState {
        guard row.count >= 4, let name = row[0].text,
            let breaker = row[1].text.flatMap(ModelState.Breaker.init),
            let since = row[2].integer
        else { throw StoreError(.corrupt, "a row of models is not as Stepgate writes it") }
        return ModelState(
            model: name,
            breaker: breaker,
            since: Instant(microseconds: since),
            until: row[3].integer.map(Instant.init)
        )
    }

    static let tokenColumns =
        "id, digest, name, role, policies, created_at, expires_at, revoked_at, rate"

    static func values(of token: AccessToken) -> [SQLiteValue] {
        let policies = token.policies.map { JSON.array($0.map(JSON.string)).compactText }
        return [
            .blob(token.id.bytes), .blob(token.digest.bytes), .text(token.name),
            .text(token.role.rawValue), SQLiteValue(policies),
            .integer(token.createdAt.microseconds), SQLiteValue(token.expiresAt?.microseconds),
            SQLiteValue(token.revokedAt?.microseconds), SQLiteValue(token.rate?.text),
        ]
    }

    /// The columns of `tokenColumns`.
    static func token(_ row: [SQLiteValue]) throws(StoreError) -> AccessToken {
        guard row.count >= 9, let id = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let digest = row[1].blob.flatMap({ Digest(bytes: $0) }), let name = row[2].text,
            let role = row[3].text.flatMap(Role.init), let created = row[5].integer,
            (row[8].text == nil) == (row[8].text.flatMap { Rate($0) } == nil)
        else { throw StoreError(.corrupt, "a row of tokens is not as Stepgate writes it") }
        let policies = row[4].text.flatMap { try? JSON.read(Array($0.utf8)) }?.array
        return AccessToken(
            id: id,
            name: name,
            role: role,
            policies: policies?.compactMap(\.string),
            digest: digest,
            createdAt: Instant(microseconds: created),
            expiresAt: row[6].integer.map(Instant.init),
            revokedAt: row[7].integer.map(Instant.init),
            rate: row[8].text.flatMap { Rate($0) }
        )
    }

    /// `quarter, policy, model, body`.
    static func tally(_ row: [SQLiteValue]) throws(StoreError) -> CallTally {
        guard row.count >= 4, let quarter = row[0].integer, let policy = row[1].text,
            let model = row[2].text,
            let json = row[3].text.flatMap({ try? JSON.read(Array($0.utf8)) }),
            let tally = CallTally(
                CallTally.Key(
                    at: Instant(microseconds: quarter),
                    policy: policy,
                    model: model
                ),
                json: json
            )
        else { throw StoreError(.corrupt, "a row of tallies is not as Stepgate writes it") }
        return tally
    }

    /// `key, version, body, kept_at, expires_at`.
    static func answer(_ row: [SQLiteValue]) throws(StoreError) -> KeptAnswer {
        guard row.count >= 5, let key = row[0].blob.flatMap({ Digest(bytes: $0) }),
            let version = row[1].text, let body = row[2].blob, let kept = row[3].integer,
            let expires = row[4].integer
        else { throw StoreError(.corrupt, "a row of answers is not as Stepgate writes it") }
        return KeptAnswer(
            key: key,
            version: version,
            body: body,
            keptAt: Instant(microseconds: kept),
            expiresAt: Instant(microseconds: expires)
        )
    }

    /// `sequence, hash, previous, bytes, payload`.
    static func entry(_ row: [SQLiteValue]) throws(StoreError) -> StoredEntry {
        guard row.count >= 5, let sequence = row[0].integer,
            let hash = row[1].blob.flatMap({ Digest(bytes: $0) }), let previous = row[2].integer,
            let bytes = row[3].blob
        else { throw StoreError(.corrupt, "a row of entries is not as Stepgate writes it") }
        var payload: [PayloadPart] = []
        if let stored = row[4].blob {
            guard let parts = [PayloadPart](rowBytes: stored) else {
                throw StoreError(.corrupt, "the payload of entry \(sequence) cannot be read")
            }
            payload = parts
        }
        return StoredEntry(
            sequence: sequence,
            hash: hash,
            bytes: bytes,
            previous: previous,
            payload: payload
        )
    }
}
