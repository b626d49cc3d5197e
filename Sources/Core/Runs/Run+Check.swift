package import Flows
internal import Values

extension Run {
    /// What is not as the run machine leaves a run, each in a sentence; nothing where all is well.
    ///
    /// It says nothing of what is outside the run: whether the decision a step waits for is there, or
    /// the runs below.
    package func faults(in flow: Flow) -> [String] {
        var faults = stateFaults
        for number in active.keys.sorted() {
            guard let step = active[number] else { continue }
            faults += stepFaults(number, step, flow)
        }
        for number in ended.keys where !flow.steps.indices.contains(number) {
            faults.append("step \(number) has ended, which its flow has not")
        }
        return faults
    }

    private var stateFaults: [String] {
        let waits = active.values.filter { $0.state == .waiting(.person) }.count
        switch state {
        case .running, .undoing:
            if active.isEmpty { return ["nothing of it is under way, and nothing will wake it"] }
            return waits == active.count
                ? ["all its steps wait for a person, yet it is not dead"] : []
        case .dead:
            return waits == active.count && waits > 0
                ? [] : ["it is dead, yet not all its steps wait for a person"]
        case .queued:
            guard active.count == 1, let step = active[Run.slotStep] else {
                return ["it is queued, yet waits for no slot"]
            }
            switch step.state {
            case .ready, .waiting(.rate): return []
            case .waiting(.slot(key)): return []
            case .waiting(.slot): return ["it waits for the slot of another key"]
            case .leased, .waiting: return ["it is queued, yet waits for no slot"]
            }
        // What its last step gave is taken in while it stands still, and looked at once it goes on.
        case .paused: return []
        case .completed, .failed, .cancelled:
            return active.isEmpty ? [] : ["it has ended, yet \(active.count) steps are under way"]
        }
    }

    private func stepFaults(_ number: Int, _ step: ActiveStep, _ flow: Flow) -> [String] {
        if number == Run.slotStep { return [] }
        guard flow.steps.indices.contains(number) else {
            return ["step \(number) is under way, which its flow has not"]
        }
        let name = flow.steps[number].id
        var faults: [String] = []
        if ended[number] != nil, !step.isUndo {
            faults.append("step \(name) is under way and has ended")
        }
        if step.epoch > version {
            faults.append("step \(name) has epoch \(step.epoch), the run only version \(version)")
        }
        switch step.state {
        case .waiting(.decision(let id)) where step.decision != id:
            faults.append("step \(name) waits for another decision than it asked for")
        case .waiting(.children):
            guard let children = step.children else {
                faults.append("step \(name) waits for runs, yet started none")
                break
            }
            if children.underway <= 0, children.isToldAll {
                faults.append("step \(name) waits for runs that have all ended")
            }
        case .waiting(.slot): faults.append("step \(name) waits for a slot")
        case .ready where step.kind != flow.workerKind(of: step):
            faults.append("step \(name) stands ready for others than do it")
        case .ready, .leased, .waiting: break
        }
        return faults
    }
}

extension Flow {
    /// The kind of the external workers that do a step, if they do.
    func workerKind(of step: ActiveStep) -> String? {
        let definition = steps[step.step]
        guard case .external(let kind, _, _)? = step.isUndo ? definition.undo : definition.work
        else { return nil }
        return kind
    }
}
