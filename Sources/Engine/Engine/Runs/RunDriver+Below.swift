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
        var last: Identifier?
        repeat {
            let page = try await below(held.run.id, step, live: false, after: last)
            let runs = try await store.runs(page)
            for id in page {
                guard let child = runs[id], let parent = child.parent,
                    parent.generation == children.generation,
                    outputs.indices.contains(parent.item), let output = child.output
                else { continue }
                outputs[parent.item] = try await keeper.value(output, &held)
            }
            last = page.count == Limits.childPage ? page.last : nil
        } while last != nil
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
        // Only what has ended can be undone, and what is being undone may have been told before.
        for live in order == .undo ? [false, true] : [true] {
            var last: Identifier?
            repeat {
                let page = try await below(held.run.id, step, live: live, after: last)
                for child in page {
                    try await tell(order, child, children.generation, by: held.run.id)
                }
                last = page.count == Limits.childPage ? page.last : nil
            } while last != nil
        }
        let event = RunEvent.told(
            step: step.step,
            epoch: step.epoch,
            through: children.started
        )
        try await keeper.apply(event, to: &held)
    }

    /// The runs a step started, a page of them.
    private func below(
        _ run: Identifier,
        _ step: ActiveStep,
        live: Bool,
        after last: Identifier?
    ) async throws(StoreError) -> [Identifier] {
        try await store.children(
            of: run,
            step: step.step,
            live: live,
            after: last,
            limit: Limits.childPage
        ).map(\.id)
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
