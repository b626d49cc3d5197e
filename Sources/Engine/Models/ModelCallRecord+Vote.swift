internal import Autonomy
internal import Values

extension ModelCallRecord {
    /// One record of a vote whose samples were a call each.
    init(voting records: [ModelCallRecord], _ request: ModelRequest, _ endpoint: ModelEndpoint) {
        let samples = records.map { record -> Result<JSON, AnswerFailure> in
            switch record.reply {
            case .answer(let answer): answer.samples[0]
            case .failure(let failure): .failure(failure.reason)
            }
        }
        self.init(
            endpoint: endpoint.name,
            model: endpoint.model,
            attempts: records.flatMap(\.attempts),
            reply: Self.reply(records, samples, request)
        )
    }

    private static func reply(
        _ records: [ModelCallRecord],
        _ samples: [Result<JSON, AnswerFailure>],
        _ request: ModelRequest
    ) -> ModelReply {
        let answers = records.compactMap { record -> ModelAnswer? in
            if case .answer(let answer) = record.reply { answer } else { nil }
        }
        let failures = records.compactMap { record -> ModelFailure? in
            if case .failure(let failure) = record.reply { failure } else { nil }
        }
        switch Vote.over(samples, of: request) {
        case .success(let vote):
            return .answer(
                ModelAnswer(
                    output: vote.winner,
                    confidence: vote.confidence,
                    signal: .vote,
                    samples: samples,
                    version: answers.first?.version ?? "",
                    usage: answers.reduce(Usage()) { $0 + $1.usage },
                    finish: answers.first?.finish,
                    body: Array(answers.map(\.body).joined(separator: [UInt8(ascii: "\n")]))
                )
            )
        case .failure(let reason):
            return .failure(failures.first ?? ModelFailure(reason, body: answers.first?.body ?? []))
        }
    }
}
