package import Values

extension Payload: Stored {
    package func store(in form: inout StoredForm) {
        switch self {
        case .inline(let value): form.add("value", value)
        case .resource(let digest, let bytes):
            form.add("resource", digest)
            form.add("bytes", bytes)
        }
    }

    package init?(stored json: JSON) {
        if let value = json["value"] {
            self = .inline(value)
        } else if let digest = json.digest("resource"), let bytes = json.int("bytes") {
            self = .resource(digest, bytes: bytes)
        } else {
            return nil
        }
    }
}

extension StepEnd: Stored {
    package func store(in form: inout StoredForm) {
        form.add("state", state.rawValue)
        form.add("output", output)
        form.add("failure", failure)
        form.add("at", at)
        form.add("attempts", attempts)
    }

    package init?(stored json: JSON) {
        guard let state = json.text("state").flatMap(State.init), let at = json.instant("at"),
            let attempts = json.int("attempts")
        else { return nil }
        do throws(Unreadable) {
            self.init(
                state,
                output: try json.value("output"),
                failure: try json.value("failure"),
                at: at,
                attempts: attempts
            )
        } catch {
            return nil
        }
    }
}

extension Run.Item: Stored {
    package func store(in form: inout StoredForm) {
        form.add("name", name)
        form.add("of", value)
        form.add("index", index)
    }

    package init?(stored json: JSON) {
        guard let name = json.text("name"), let index = json.int("index"),
            let value = json["of"].flatMap({ Payload(stored: $0) })
        else { return nil }
        self.init(name: name, value: value, index: index)
    }
}

/// A run as a store keeps it: what never changes is written once, the rest with each transition, and
/// the active steps are rows of their own.
extension Run {
    /// What a run begins with and keeps.
    package struct Beginning: Stored {
        fileprivate let run: Run

        package func store(in form: inout StoredForm) {
            form.add("id", run.id)
            form.add("root", run.root)
            form.add("flow", run.plan.flow)
            form.add("release", run.plan.release)
            form.add("each", run.plan.each)
            if let parent = run.parent {
                form.add("parent", parent.run)
                form.add("step", parent.step)
                form.add("item", parent.item)
                form.add("generation", parent.generation)
                form.add("depth", parent.depth)
            }
            form.add("caller", run.caller)
            form.add("started_at", run.startedAt)
            form.add("priority", run.priority)
            form.add("key", run.key)
            form.add("input", run.input)
            form.add("items", run.items) { $0.store(in: &$1) }
        }

        package init?(stored json: JSON) {
            guard let id = json.identifier("id"), let root = json.identifier("root"),
                let flow = json.text("flow"), let release = json.digest("release"),
                let caller = json.text("caller"), let started = json.instant("started_at"),
                let priority = json.int("priority"),
                let input = json["input"].flatMap({ Payload(stored: $0) }),
                let parent = Parent?(stored: json)
            else { return nil }
            do throws(Unreadable) {
                run = Run(
                    id: id,
                    root: root,
                    plan: Plan(flow: flow, release: release, each: json.int("each")),
                    parent: parent,
                    caller: caller,
                    startedAt: started,
                    priority: priority,
                    key: json.text("key"),
                    input: input,
                    items: try json.list("items") { Item(stored: $0) }
                )
            } catch {
                return nil
            }
        }

        fileprivate init(_ run: Run) { self.run = run }
    }

    package var beginning: Beginning { Beginning(self) }

    /// What a transition may change, without the active steps.
    package var progressBytes: [UInt8] {
        var form = StoredForm()
        form.add("state", state.rawValue)
        form.add("reason", reason)
        form.add("stage", stage)
        form.add("stage_since", stageSince)
        form.add("updated_at", updatedAt)
        form.add("fields", fields.sorted { $0.key < $1.key }) { field, form in
            form.add("name", field.key)
            form.add("value", field.value)
        }
        form.add("ended", ended.sorted { $0.key < $1.key }) { end, form in
            form.add("step", end.key)
            end.value.store(in: &form)
        }
        form.add("choices", choices.sorted { $0.key < $1.key }) { choice, form in
            form.add("step", choice.key)
            form.add("branch", choice.value)
        }
        if !undoable.isEmpty {
            form.add("undoable", JSON.array(undoable.map { .int(Int64($0)) }))
        }
        form.add("undone", isUndone)
        form.add("aftermath", aftermath?.rawValue)
        form.add("paused_from", pausedFrom?.rawValue)
        form.add("output", output)
        form.add("history", history)
        form.add("version", version)
        return form.finish()
    }

    /// Nothing where one of the two is not as `beginning` and `progressBytes` give it.
    package init?(beginning: [UInt8], progress: [UInt8], active: [ActiveStep]) {
        guard let begun = Beginning(storedBytes: beginning),
            let progress = Progress(storedBytes: progress)
        else { return nil }
        self = begun.run
        let json = progress.json
        guard let state = json.text("state").flatMap(RunState.init),
            let stageSince = json.instant("stage_since"), let updated = json.instant("updated_at"),
            let history = json["history"]?.integer, let version = json["version"]?.integer
        else { return nil }
        self.state = state
        reason = json.text("reason")
        stage = json.text("stage")
        self.stageSince = stageSince
        updatedAt = updated
        isUndone = json.flag("undone")
        aftermath = json.text("aftermath").flatMap(RunState.init)
        pausedFrom = json.text("paused_from").flatMap(RunState.init)
        self.history = history
        self.version = version
        for step in active { self.active[step.step] = step }
        do throws(Unreadable) {
            try readLists(json)
        } catch {
            return nil
        }
    }

    private mutating func readLists(_ json: JSON) throws(Unreadable) {
        let fields = try json.list("fields") { json in
            json.text("name").flatMap { name in json["value"].map { (name, $0) } }
        }
        let ended = try json.list("ended") { json in
            json.int("step").flatMap { step in StepEnd(stored: json).map { (step, $0) } }
        }
        let choices = try json.list("choices") { json in
            json.int("step").flatMap { step in json.int("branch").map { (step, $0) } }
        }
        self.fields = Dictionary(fields) { $1 }
        self.ended = Dictionary(ended) { $1 }
        self.choices = Dictionary(choices) { $1 }
        undoable = try json.list("undoable") { $0.integer.map(Int.init) }
        output = try json.value("output")
    }

    private struct Progress: Stored {
        let json: JSON
        init?(stored json: JSON) { self.json = json }
        func store(in form: inout StoredForm) {}
    }
}

extension Run.Parent? {
    /// No parent is one, too; nothing where it is only half there.
    fileprivate init?(stored json: JSON) {
        guard let run = json.identifier("parent") else {
            self = .none
            return
        }
        guard let step = json.int("step"), let item = json.int("item"),
            let generation = json["generation"]?.integer, let depth = json.int("depth")
        else { return nil }
        self = .some(
            Run.Parent(
                run: run,
                step: step,
                item: item,
                generation: generation,
                depth: depth
            )
        )
    }
}
