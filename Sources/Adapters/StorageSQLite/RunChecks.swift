internal import Storage
internal import Values

/// What the rows of runs say of each other, looked at as a whole within one transaction.
struct RunChecks {
    let connection: SQLiteConnection
    let isMending: Bool

    /// A rule that rows break, and the statement that makes it hold.
    private struct Check: Sendable {
        let fault: @Sendable (_ run: String, _ row: [SQLiteValue]) -> String
        /// The run first.
        let find: String
        let mend: String
        let mended: String
    }

    func run() throws -> [RowFault] {
        var faults: [RowFault] = []
        for check in Self.checks {
            let rows = try connection.rows(check.find + " LIMIT \(Limits.rows)")
            for row in rows {
                let run = row[0].blob.flatMap { Identifier(bytes: $0) }?.description ?? "?"
                faults.append(
                    RowFault(
                        fault: check.fault(run, row),
                        mended: isMending ? check.mended : nil
                    )
                )
            }
            if isMending, !rows.isEmpty { try connection.run(check.mend) }
        }
        return try faults + counts()
    }

    private static let isWoken =
        "CASE state WHEN 'ready' THEN 1 WHEN 'waiting' THEN EXISTS(SELECT 1 FROM signals s "
        + "WHERE s.run=steps.run AND s.step=steps.step) ELSE 0 END"
    private static let isHeld =
        "(SELECT state IN ('paused','dead') FROM runs WHERE id=steps.run)"
    private static let isLive = "(state NOT IN ('completed','failed','cancelled'))"

    private static let checks = [
        Check(
            fault: { run, _ in "run \(run) says of itself whether it is live, and is not so" },
            find: "SELECT id FROM runs WHERE live<>\(isLive)",
            mend: "UPDATE runs SET live=\(isLive) WHERE live<>\(isLive)",
            mended: "its state was believed"
        ),
        Check(
            fault: { run, row in "run \(run) has ended or is gone, yet step \(text(row)) is there"
            },
            find: "SELECT run, step FROM steps WHERE NOT EXISTS "
                + "(SELECT 1 FROM runs WHERE id=steps.run AND live=1)",
            mend: "DELETE FROM steps WHERE NOT EXISTS "
                + "(SELECT 1 FROM runs WHERE id=steps.run AND live=1)",
            mended: "the step was deleted"
        ),
        Check(
            fault: { run, row in "something came for step \(text(row)) of run \(run), not there" },
            find: "SELECT run, step FROM signals WHERE NOT EXISTS (SELECT 1 FROM steps t "
                + "WHERE t.run=signals.run AND t.step=signals.step)",
            mend: "DELETE FROM signals WHERE NOT EXISTS (SELECT 1 FROM steps t "
                + "WHERE t.run=signals.run AND t.step=signals.step)",
            mended: "it was deleted"
        ),
        Check(
            fault: { run, row in "step \(text(row)) of run \(run) is not held as its run is" },
            find: "SELECT run, step FROM steps WHERE held<>\(isHeld)",
            mend: "UPDATE steps SET held=\(isHeld) WHERE held<>\(isHeld)",
            mended: "the run's state was believed"
        ),
        Check(
            fault: { run, row in
                "step \(text(row)) of run \(run) would be passed over, or looked at for nothing"
            },
            find: "SELECT run, step FROM steps WHERE woken<>\(isWoken)",
            mend: "UPDATE steps SET woken=\(isWoken) WHERE woken<>\(isWoken)",
            mended: "its state and what came for it were believed"
        ),
    ]

    private static func text(_ row: [SQLiteValue]) -> String {
        row.count > 1 ? row[1].integer.map { "\($0)" } ?? "?" : "?"
    }

    /// The counters against the rows, counted.
    private func counts() throws -> [RowFault] {
        let kept = try table(
            "SELECT flow, kind, stage, state, count FROM stage_counts WHERE count<>0"
        )
        let real = try table(
            "SELECT flow, kind, COALESCE(stage,''), state, count(*) FROM runs "
                + "GROUP BY flow, kind, COALESCE(stage,''), state"
        )
        if kept == real { return [] }
        var faults: [RowFault] = []
        for place in Set(kept.keys).union(real.keys).sorted(by: { $0.order < $1.order })
        where kept[place] != real[place] {
            let stage = place.stage.isEmpty ? "no stage" : "stage '\(place.stage)'"
            faults.append(
                RowFault(
                    fault: "of flow '\(place.flow)' \(kept[place] ?? 0) runs are counted "
                        + "\(place.state) in \(stage), of which there are \(real[place] ?? 0)",
                    mended: isMending ? "the runs were counted" : nil
                )
            )
        }
        if isMending {
            try connection.run("DELETE FROM stage_counts")
            try connection.run(
                "INSERT INTO stage_counts SELECT flow, kind, COALESCE(stage,''), state, count(*) "
                    + "FROM runs GROUP BY flow, kind, COALESCE(stage,''), state"
            )
        }
        return faults
    }

    private struct Place: Hashable {
        let flow: String
        let kind: Int64
        let stage: String
        let state: String

        var order: (String, Int64, String, String) { (flow, kind, stage, state) }
    }

    private func table(_ sql: String) throws -> [Place: Int64] {
        var counts: [Place: Int64] = [:]
        for row in try connection.rows(sql) {
            guard let flow = row[0].text, let kind = row[1].integer, let stage = row[2].text,
                let state = row[3].text, let count = row[4].integer
            else {
                throw StoreError(.corrupt, "a row of stage_counts is not as Stepgate writes it")
            }
            counts[Place(flow: flow, kind: kind, stage: stage, state: state)] = count
        }
        return counts
    }
}
