package import Values

extension ActiveStep: Stored {
    package func store(in form: inout StoredForm) {
        form.add("step", step)
        form.add("kind", kind)
        switch state {
        case .ready: form.add("state", "ready")
        case .leased(let by, let until):
            form.add("state", "leased")
            form.add("by", by)
            form.add("until", until)
        case .waiting(let wait):
            form.add("state", "waiting")
            form.add("wait", wait)
        }
        form.add("epoch", epoch)
        if attempt != 0 { form.add("attempt", attempt) }
        form.add("begun", begunAt)
        form.add("since", since)
        form.add("deadline", deadline)
        form.add("promised", promised)
        form.add("override", override)
        form.add("failure", failure)
        if lost != 0 { form.add("lost", lost) }
        form.add("decision", decision)
        form.add("cancelled", isCancelled)
        form.add("undo", isUndo)
        form.add("children", children)
    }

    package init?(stored json: JSON) {
        guard let step = json.int("step"), let state = State(stored: json),
            let epoch = json["epoch"]?.integer, let begun = json.instant("begun"),
            let since = json.instant("since")
        else { return nil }
        self.init(
            step: step,
            kind: json.text("kind"),
            state: state,
            at: begun,
            deadline: json.instant("deadline"),
            isUndo: json.flag("undo")
        )
        self.epoch = epoch
        attempt = json.int("attempt") ?? 0
        self.since = since
        promised = json.instant("promised")
        override = json["override"]
        lost = json.int("lost") ?? 0
        decision = json.identifier("decision")
        isCancelled = json.flag("cancelled")
        do throws(Unreadable) {
            failure = try json.value("failure")
            children = try json.value("children")
        } catch {
            return nil
        }
    }
}

extension ActiveStep.State {
    fileprivate init?(stored json: JSON) {
        switch json.text("state") {
        case "ready": self = .ready
        case "leased":
            guard let by = json.text("by"), let until = json.instant("until") else { return nil }
            self = .leased(by: by, until: until)
        case "waiting":
            guard let wait = json["wait"].flatMap({ Wait(stored: $0) }) else { return nil }
            self = .waiting(wait)
        default: return nil
        }
    }
}

extension Wait: Stored {
    package func store(in form: inout StoredForm) {
        form.add("for", kind)
        switch self {
        case .timer(let until): form.add("until", until)
        case .rate(let name, let until):
            form.add("until", until)
            form.add("key", name)
        default: form.add("key", key)
        }
    }

    package init?(stored json: JSON) {
        let key = json.text("key")
        switch (json.text("for"), key) {
        case ("timer", _):
            guard let until = json.instant("until") else { return nil }
            self = .timer(until)
        case ("decision", let key?):
            guard let id = Identifier(key) else { return nil }
            self = .decision(id)
        case ("callback", _): self = .callback
        case ("event", let key?):
            if let (type, about) = EventSubject.read(key) {
                self = .event(type, about: about)
            } else {
                self = .event(key)
            }
        case ("children", _): self = .children
        case ("person", _): self = .person
        case ("slot", let key?): self = .slot(key)
        case ("rate", let key?):
            guard let until = json.instant("until") else { return nil }
            self = .rate(key, until: until)
        default: return nil
        }
    }
}

extension Children: Stored {
    package func store(in form: inout StoredForm) {
        form.add("total", total)
        form.add("of", items)
        form.add("generation", generation)
        form.add("started", started)
        form.add("succeeded", succeeded)
        form.add("failed", failed)
        form.add("first", firstFailure)
        form.add("order", order?.rawValue)
        if told != 0 { form.add("told", told) }
    }

    package init?(stored json: JSON) {
        guard let total = json.int("total"), let started = json.int("started"),
            let succeeded = json.int("succeeded"), let failed = json.int("failed"),
            let items = json["of"].flatMap({ Payload(stored: $0) }),
            let generation = json["generation"]?.integer
        else { return nil }
        self.init(total: total, items: items, generation: generation)
        self.started = started
        self.succeeded = succeeded
        self.failed = failed
        told = json.int("told") ?? 0
        if let word = json["order"] {
            guard let known = word.string.flatMap(Order.init) else { return nil }
            order = known
        }
        do throws(Unreadable) {
            firstFailure = try json.value("first")
        } catch {
            return nil
        }
    }
}

extension StepFailure: Stored {
    package func store(in form: inout StoredForm) {
        form.add("kind", kind)
        form.add("status", status)
        form.add("message", message)
        form.add("may_pass", mayPass)
    }

    package init?(stored json: JSON) {
        guard let kind = json.text("kind"), let message = json.text("message") else { return nil }
        self.init(kind, status: json.int("status"), message, mayPass: json.flag("may_pass"))
    }
}
