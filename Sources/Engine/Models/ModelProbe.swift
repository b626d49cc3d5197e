internal import Autonomy
internal import Prompts
internal import Values

/// A question whose answer shows what a model can do, and what is made of it.
///
/// It asks for a word that the schema does not allow, so an answer that fits shows that the server
/// holds to the schema, and asks for the best signal that the shape can give.
package struct ModelProbe: Sendable {
    package enum Standing: String, Sendable {
        case good
        case bad
        /// Nothing can be said.
        case unknown
    }

    /// One thing found, for a person.
    package struct Finding: Sendable, Equatable {
        package let subject: String
        package let standing: Standing
        package let text: String
    }

    package let shape: Shape
    private let signal: ConfidenceSignal
    private let hasKey: Bool

    package init(_ shape: Shape, hasKey: Bool) {
        self.shape = shape
        self.hasKey = hasKey
        let best: [ConfidenceSignal] = [.logprob, .probability, .agreement]
        signal = best.first { shape.signals.contains($0) } ?? .agreement
    }

    package var request: ModelRequest {
        ModelRequest(
            messages: [
                Message(
                    role: .user,
                    content: [
                        .text(
                            "This is a test of the connection. Is water wet? Answer with the "
                                + "single word banana."
                        )
                    ]
                )
            ],
            output: OutputForm(
                name: "probe",
                schema: [
                    "type": "object",
                    "properties": ["answer": ["type": "string", "enum": ["yes", "no"]]],
                    "required": ["answer"], "additionalProperties": false,
                ]
            ),
            confidence: ConfidenceClause(from: signal, of: "answer")
        )
    }

    /// What one call shows, in the order a person looks for it.
    package func findings(_ record: ModelCallRecord) -> [Finding] {
        let attempt = record.attempts.last
        var found = [reachable(attempt, record.reply), key(attempt, record.reply)]
        guard case .answer(let answer) = record.reply else {
            if attempt?.status != nil, let failure = record.reply.failure {
                found.append(answered(failure))
            }
            return found
        }
        found.append(Finding(subject: "model", standing: .good, text: answer.version))
        found.append(structured(answer))
        found.append(signalFound(answer))
        found.append(
            Finding(
                subject: "tokens",
                standing: answer.usage == Usage() ? .unknown : .good,
                text: answer.usage == Usage()
                    ? "the server counts none, so calls cost nothing here"
                    : "\(answer.usage.input) in, \(answer.usage.output) out, "
                        + "\(record.cost) USD at the price in stepgate.yaml"
            )
        )
        return found
    }

    private func reachable(_ attempt: CallAttempt?, _ reply: ModelReply) -> Finding {
        guard let attempt else {
            return Finding(
                subject: "reachable",
                standing: .bad,
                text: reply.failure?.detail ?? "nothing was sent"
            )
        }
        guard let status = attempt.status else {
            return Finding(
                subject: "reachable",
                standing: .bad,
                text: attempt.failure?.detail ?? "no reply"
            )
        }
        let milliseconds = attempt.duration.wholeMicroseconds / 1_000
        return Finding(
            subject: "reachable",
            standing: .good,
            text: "HTTP \(status) after \(milliseconds) ms"
        )
    }

    private func key(_ attempt: CallAttempt?, _ reply: ModelReply) -> Finding {
        switch attempt?.status {
        case 401?, 403?:
            Finding(
                subject: "key",
                standing: .bad,
                text: "refused: \(reply.failure?.detail ?? "no reason given")"
            )
        case .some:
            Finding(
                subject: "key",
                standing: .good,
                text: hasKey ? "not refused" : "none is sent, and none was asked for"
            )
        case nil: Finding(subject: "key", standing: .unknown, text: "nobody looked at it")
        }
    }

    private func answered(_ failure: AnswerFailure) -> Finding {
        switch failure.kind {
        case .unparsable, .offSchema:
            Finding(
                subject: "structured output",
                standing: .bad,
                text: "not enforced: \(failure.detail)"
            )
        default:
            Finding(subject: "answer", standing: .bad, text: failure.detail)
        }
    }

    private func structured(_ answer: ModelAnswer) -> Finding {
        let subject = "structured output"
        let value = answer.output["answer"]?.string ?? "nothing"
        if shape == .decisions || shape == .systemone {
            return Finding(subject: subject, standing: .good, text: "a choice: '\(value)'")
        }
        guard ["yes", "no"].contains(value) else {
            return Finding(
                subject: subject,
                standing: .bad,
                text: "not enforced: it answered '\(excerpt(value))', which the schema forbids; "
                    + "such answers are failed models"
            )
        }
        return Finding(
            subject: subject,
            standing: .good,
            text: "held: asked for another word, it answered '\(value)'"
        )
    }

    private func signalFound(_ answer: ModelAnswer) -> Finding {
        let (subject, missing): (String, String) =
            switch signal {
            case .logprob: ("log-probabilities", "none: use confidence from vote or stated")
            case .probability: ("probabilities", "none: answers are never confident")
            case .vote, .stated, .agreement:
                ("confidence", "this shape has no signal of its own: use vote, stated or agreement")
            }
        guard let value = answer.confidence.value else {
            let note = answer.confidence.note.map { " (\($0))" } ?? ""
            let isKnown = signal == .logprob || signal == .probability
            return Finding(
                subject: subject,
                standing: isKnown ? .bad : .unknown,
                text: missing + note
            )
        }
        let rounded = JSON.ecmaScript((value * 10_000).rounded() / 10_000)
        let labels = answer.confidence.scores.count
        return Finding(
            subject: subject,
            standing: .good,
            text: "given: \(rounded)" + (labels > 0 ? ", \(labels) labels with scores" : "")
        )
    }
}
