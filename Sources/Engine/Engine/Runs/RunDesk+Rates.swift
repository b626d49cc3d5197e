internal import Access
internal import Flows
internal import Storage

/// What a flow's rate said to a start.
struct RateTurn: Sendable {
    let bound: RateBound
    /// Nothing where the engine is to ask, which begins the run.
    let turn: RateLine.Turn?
}

extension RunDesk {
    /// What a start writes; where `asking` its flow's rate says when it begins, and is told of it by
    /// `ended`.
    func plan(
        _ beginning: RunBeginning,
        _ slot: SlotCheck?,
        asking: Bool
    ) async throws(EngineError) -> RunBeginning.Plan {
        guard asking, let bound = beginning.flow.rateBound else {
            return try beginning.plan(keeper, slot, nil)
        }
        guard keeper.keepsRates else {
            return try beginning.plan(keeper, slot, RateTurn(bound: bound, turn: nil))
        }
        let turn: RateTurn
        do {
            turn = RateTurn(bound: bound, turn: try await keeper.turn(bound, promised: nil))
        } catch {
            throw EngineError(error)
        }
        do throws(EngineError) {
            return try beginning.plan(keeper, slot, turn)
        } catch {
            ended(turn, cameAbout: false)
            throw error
        }
    }

    /// Tells the flow's rate what became of a start; nothing for a store that may have it or not.
    func ended(_ plan: RunBeginning.Plan, _ result: CommitResult?) {
        guard let turn = plan.turn else { return }
        if case .committed? = result {
            ended(turn, cameAbout: true)
        } else {
            ended(turn, cameAbout: result == nil)
        }
    }

    private func ended(_ turn: RateTurn, cameAbout: Bool) {
        guard let said = turn.turn else { return }
        keeper.rates.ended(said, turn.bound.name, turn.bound.rate, cameAbout: cameAbout)
    }
}

extension Flow {
    /// What bounds how often its runs begin.
    var rateBound: RateBound? { rate.map { RateBound(name: "\(name)/", rate: $0) } }
}
