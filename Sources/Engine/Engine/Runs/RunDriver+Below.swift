internal import Flows
internal import Runs
internal import Storage
internal import Values

/// What a step does with the runs it started.
extension RunDriver {
    /// Puts the outputs of the runs below together, in the order of their items.
    func gather(
        _ children: Children,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws {
        var outputs = [JSON](repeating: .null, count: children.total)
        var query = RunQuery(limit: Limits.childPage)
        query.parent = held.run.id
        query.sort = .oldest
        while true {
            let page = try await store.runs(query)
            let runs = try await store.runs(page.map(\.id))
            for summary in page {
                guard let child = runs[summary.id], let parent = child.parent,
                    parent.step == step.step,
                    parent.generation == children.generation,
                    outputs.indices.contains(parent.item), let output = child.output
                else { continue }
                outputs[parent.item] = try await keeper.value(output, &held)
            }
            guard page.count == query.limit, let last = page.last else { break }
            query.after = query.cursor(last)
        }
        let isFlow: Bool
        if case .flow = held.flow.steps[step.step].work { isFlow = true } else { isFlow = false }
        let output = isFlow ? outputs.first ?? .null : .array(outputs)
        let (event, kept) = success(output, step.step, step.epoch, held.run)
        try await keeper.apply(event, to: &held, keeping: kept)
    }

    /// Tells the runs below, each in a transaction of its own; those told before say so.
    func tell(
        _ order: Children.Order,
        _ from: Int,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws {
        guard let children = step.children else { return }
        var query = RunQuery(limit: Limits.childPage)
        query.parent = held.run.id
        query.sort = .oldest
        while true {
            let page = try await store.runs(query)
            for child in page where child.parentStep == step.step {
                try await tell(order, child.id, children.generation, by: held.run.id)
            }
            guard page.count == query.limit, let last = page.last else { break }
            query.after = query.cursor(last)
        }
        let event = RunEvent.told(
            step: step.step,
            epoch: step.epoch,
            through: children.started
        )
        try await keeper.apply(event, to: &held)
    }

    private func tell(
        _ order: Children.Order,
        _ child: Identifier,
        _ generation: Int64,
        by parent: Identifier
    ) async throws {
        let act: RunAct =
            switch order {
            case .cancel: .cancel(undoing: true)
            case .pause: .pause
            case .resume: .resume
            case .undo: .undo
            }
        try await keeper.turn(child, fresh: true) { held in
            guard order == .undo || held.run.parent?.generation == generation else { return }
            do {
                try await keeper.apply(.acted(act, by: "run:\(parent)"), to: &held)
            } catch let refusal as RunRefusal {
                // It has ended, or is told already: both are what was wanted.
                guard case .state = refusal else { throw refusal }
            }
        }
    }
}
