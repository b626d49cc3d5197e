package import Values

extension RunEvent: Stored {
    package func store(in form: inout StoredForm) {
        switch self {
        case .begun: form.add("event", "begun")
        case .claimed(let step, let epoch, let by, let until):
            form.begin("claimed", step, epoch)
            form.add("by", by)
            form.add("until", until)
        case .extended(let step, let epoch, let until):
            form.begin("extended", step, epoch)
            form.add("until", until)
        case .succeeded(let step, let epoch, let output):
            form.begin("succeeded", step, epoch)
            form.add("output", output)
        case .failed(let step, let epoch, let failure):
            form.begin("failed", step, epoch)
            form.add("failure", failure)
        case .waits(let step, let epoch, let wait):
            form.begin("waits", step, epoch)
            form.add("wait", wait)
        case .cancelled(let step, let epoch): form.begin("cancelled", step, epoch)
        case .told(let step, let epoch, let through):
            form.begin("told", step, epoch)
            form.add("through", through)
        case .childrenEnded(let step, let succeeded, let failed, let first):
            form.begin("children_ended", step, nil)
            form.add("succeeded", succeeded)
            form.add("failed", failed)
            form.add("first", first)
        case .due(let step, let epoch): form.begin("due", step, epoch)
        case .acted(let act, let by):
            form.add("event", "acted")
            form.add("by", by)
            form.add("act", act)
        }
    }

    package init?(stored json: JSON) {
        guard let event = RunEvent?(json) else { return nil }
        self = event
    }
}

extension RunEvent? {
    /// Nothing where the event, or a member of it, is not known.
    fileprivate init(_ json: JSON) {
        self = .none
        switch json.text("event") {
        case "begun": self = .begun
        case "acted":
            if let act = json["act"].flatMap({ RunAct(stored: $0) }), let by = json.text("by") {
                self = .acted(act, by: by)
            }
        case "children_ended":
            guard let step = json.int("step"), let succeeded = json.int("succeeded"),
                let failed = json.int("failed")
            else { return }
            let first = json["first"].map { StepFailure(stored: $0) }
            if case .some(.none) = first { return }
            self = .childrenEnded(
                step: step,
                succeeded: succeeded,
                failed: failed,
                first: first ?? nil
            )
        case let word?:
            if let step = json.int("step"), let epoch = json["epoch"]?.integer {
                self.init(word, json, step, epoch)
            }
        case nil: return
        }
    }

    /// An event of one attempt.
    private init(_ word: String, _ json: JSON, _ step: Int, _ epoch: Int64) {
        let until = json.instant("until")
        switch word {
        case "claimed":
            guard let by = json.text("by"), let until else { break }
            self = .claimed(step: step, epoch: epoch, by: by, until: until)
            return
        case "extended":
            self = until.map { .extended(step: step, epoch: epoch, until: $0) }
            return
        case "succeeded":
            let output = json["output"].flatMap { Payload(stored: $0) }
            self = output.map { .succeeded(step: step, epoch: epoch, output: $0) }
            return
        case "failed":
            let failure = json["failure"].flatMap { StepFailure(stored: $0) }
            self = failure.map { .failed(step: step, epoch: epoch, $0) }
            return
        case "waits":
            let wait = json["wait"].flatMap { Wait(stored: $0) }
            self = wait.map { .waits(step: step, epoch: epoch, $0) }
            return
        case "cancelled":
            self = .cancelled(step: step, epoch: epoch)
            return
        case "told":
            self = json.int("through").map { .told(step: step, epoch: epoch, through: $0) }
            return
        case "due":
            self = .due(step: step, epoch: epoch)
            return
        default: break
        }
        self = .none
    }
}

extension StoredForm {
    fileprivate mutating func begin(_ event: String, _ step: Int, _ epoch: Int64?) {
        add("event", event)
        add("step", step)
        add("epoch", epoch)
    }
}

extension RunAct: Stored {
    package func store(in form: inout StoredForm) {
        switch self {
        case .pause: form.add("act", "pause")
        case .resume: form.add("act", "resume")
        case .cancel(let undoing):
            form.add("act", "cancel")
            form.add("undoing", undoing)
        case .retry(let step, let input):
            form.add("act", "retry")
            form.add("step", step)
            form.add("input", input)
        case .skip(let step, let output):
            form.add("act", "skip")
            form.add("step", step)
            form.add("output", output)
        case .restart(let step):
            form.add("act", "restart")
            form.add("step", step)
        case .undo: form.add("act", "undo")
        }
    }

    package init?(stored json: JSON) {
        switch (json.text("act"), json.int("step")) {
        case ("pause", _): self = .pause
        case ("resume", _): self = .resume
        case ("cancel", _): self = .cancel(undoing: json.flag("undoing"))
        case ("retry", let step?): self = .retry(step: step, input: json["input"])
        case ("skip", let step?): self = .skip(step: step, output: json["output"])
        case ("restart", let step?): self = .restart(from: step)
        case ("undo", _): self = .undo
        default: return nil
        }
    }
}

extension Signal.Content: Stored {
    package func store(in form: inout StoredForm) {
        switch self {
        case .decided(let decision):
            form.add("signal", "decided")
            form.add("decision", decision)
        case .childEnded(let run, let succeeded, let failure):
            form.add("signal", "child_ended")
            form.add("run", run)
            form.add("succeeded", succeeded)
            form.add("failure", failure)
        case .arrived(let payload):
            form.add("signal", "arrived")
            form.add("body", payload)
        case .slotFree: form.add("signal", "slot_free")
        }
    }

    package init?(stored json: JSON) {
        switch json.text("signal") {
        case "decided":
            guard let id = json.identifier("decision") else { return nil }
            self = .decided(id)
        case "child_ended":
            guard let run = json.identifier("run") else { return nil }
            let failure = json["failure"].map { StepFailure(stored: $0) }
            if case .some(.none) = failure { return nil }
            self = .childEnded(run, succeeded: json.flag("succeeded"), failure ?? nil)
        case "arrived":
            guard let body = json["body"].flatMap({ Payload(stored: $0) }) else { return nil }
            self = .arrived(body)
        case "slot_free": self = .slotFree
        default: return nil
        }
    }
}
