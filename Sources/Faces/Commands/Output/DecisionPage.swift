internal import Decisions
internal import Values

/// One decision as a person reads it: what, why, and what happened in order.
struct DecisionPage {
    let record: DecisionRecord
    let explained: JSON

    func print(on terminal: Terminal) {
        func line(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            let pad = String(repeating: " ", count: max(1, 12 - name.count))
            terminal.print(terminal.dim(name) + pad + value)
        }
        terminal.print(terminal.bold("decision \(record.id)"))
        line("policy", "\(record.policy)  (release \(record.release.hex.prefix(12)))")
        line("state", record.state.rawValue)
        line("route", record.route?.rawValue)
        line("because", record.because)
        line("input", explained["input"]?.compactText)
        let isDraft = record.state == .review
        line(isDraft ? "draft" : "output", explained["output"]?.compactText)
        line("confidence", record.confidence.map(JSON.ecmaScript))
        line("threshold", record.threshold.map(JSON.ecmaScript))
        line("key", record.key)
        line("source", "\(record.source), asked by \(record.caller)")
        line("review", record.review?.description)
        line("cost", record.cost > 0 ? "\(JSON.ecmaScript(Double(record.cost) / 1e12)) USD" : nil)
        terminal.print("")
        for entry in explained["entries"]?.array ?? [] { print(entry, on: terminal) }
    }

    private func print(_ entry: JSON, on terminal: Terminal) {
        let at = entry["at"]?.string ?? ""
        let kind = entry["kind"]?.string ?? ""
        let facts = entry["facts"] ?? [:]
        terminal.print("\(terminal.dim(at))  \(terminal.bold(kind))")
        for rule in facts["routing"]?["rules"]?.array ?? [] {
            terminal.print(
                "    rule \(rule["id"]?.string ?? ""): \(rule["outcome"]?.string ?? "")"
            )
        }
        for call in facts["calls"]?.array ?? [] {
            let attempts = call["attempts"]?.array?.count ?? 0
            let outcome = call["failure"]?.string.map { "failed, \($0)" } ?? "answered"
            terminal.print(
                "    model \(call["endpoint"]?.string ?? "") "
                    + "(\(call["version"]?.string ?? call["model"]?.string ?? "")) \(outcome) after "
                    + "\(attempts) attempt\(attempts == 1 ? "" : "s")"
            )
            for score in likeliest(call["scores"]?.object) { terminal.print("      \(score)") }
        }
        for check in facts["judgement"]?["checks"]?.array ?? [] {
            terminal.print(
                "    check \(check["id"]?.string ?? ""): \(check["outcome"]?.string ?? "")"
            )
        }
        if let clause = facts["judgement"]?["clause"]?.integer {
            let threshold = facts["judgement"]?["threshold"]
            terminal.print(
                "    accept clause \(clause + 1), threshold "
                    + (threshold?.string ?? threshold?.compactText ?? "")
            )
        }
        if let audit = facts["audit"], let p = audit["p"]?.number {
            let word = audit["drawn"] == true ? "drawn" : "not drawn"
            terminal.print("    audit: \(word), p = \(JSON.ecmaScript(p))")
        }
        if let person = facts["person"]?.string {
            terminal.print("    \(facts["act"]?.string ?? "act") by \(person)")
        }
    }

    private func likeliest(_ scores: JSONObject?) -> [String] {
        let sorted = (scores?.members ?? []).sorted {
            ($0.value.number ?? 0) > ($1.value.number ?? 0)
        }
        return sorted.prefix(3).map { member in
            "\(member.name) \(JSON.ecmaScript(((member.value.number ?? 0) * 10_000).rounded() / 10_000))"
        }
    }
}
