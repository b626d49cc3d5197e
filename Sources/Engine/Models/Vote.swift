internal import Autonomy
internal import Values

/// Several samples of one answer, counted by the value of one property.
struct Vote: Sendable {
    /// The first sample of the largest group; of groups as large, the one seen first.
    let winner: JSON
    let confidence: Confidence

    /// Nothing when no sample counts.
    ///
    /// A sample that failed, or that the output schema does not allow, counts against every value:
    /// the share is of all samples asked for.
    init?(
        _ samples: [Result<JSON, AnswerFailure>],
        asked: Int,
        of name: String,
        in form: OutputForm
    ) {
        var groups: [(value: JSON, first: JSON, count: Int)] = []
        for sample in samples {
            guard case .success(let output) = sample, let value = output[name],
                form.admits(value, under: name), form.allows(output)
            else { continue }
            if let index = groups.firstIndex(where: { $0.value == value }) {
                groups[index].count += 1
            } else {
                groups.append((value, output, 1))
            }
        }
        guard var best = groups.first else { return nil }
        for group in groups where group.count > best.count { best = group }
        let total = max(asked, samples.count)
        winner = best.first
        confidence = Confidence(
            Double(best.count) / Double(total),
            scores: Self.scores(groups, of: total),
            note: Self.note(groups, best: best.count, samples: samples.count, asked: asked)
        )
    }

    /// The vote over what a request's samples came to, or why none of them counts.
    static func over(
        _ samples: [Result<JSON, AnswerFailure>],
        of request: ModelRequest
    ) -> Result<Vote, AnswerFailure> {
        let clause = request.confidence
        let vote = Vote(samples, asked: clause.samples, of: clause.of, in: request.output)
        if let vote { return .success(vote) }
        for case .failure(let reason) in samples { return .failure(reason) }
        let said = "no sample holds a value for \(clause.of) that the output allows"
        return .failure(AnswerFailure(.offSchema, said))
    }

    private static func scores(
        _ groups: [(value: JSON, first: JSON, count: Int)],
        of total: Int
    ) -> JSONObject {
        let members = groups.map { group in
            JSONObject.Member(
                group.value.string ?? group.value.compactText,
                .double(Double(group.count) / Double(total))
            )
        }
        return JSONObject(members) ?? JSONObject()
    }

    private static func note(
        _ groups: [(value: JSON, first: JSON, count: Int)],
        best: Int,
        samples: Int,
        asked: Int
    ) -> String? {
        var notes: [String] = []
        let tied = groups.count { $0.count == best }
        if tied > 1 {
            notes.append("\(tied) values have as many samples; the first seen was taken")
        }
        let counted = groups.reduce(0) { $0 + $1.count }
        if counted < samples { notes.append("\(samples - counted) of \(samples) samples failed") }
        if samples < asked { notes.append("the server gave \(samples) of \(asked) samples") }
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }
}
