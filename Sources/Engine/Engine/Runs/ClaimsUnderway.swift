internal import Storage
internal import Synchronization

/// The steps that somebody here is claiming just now, so that others take the next ones.
///
/// Two who claim the same step would wait for each other, and one of them for nothing. Who claims in
/// another process is met in the store.
final class ClaimsUnderway: Sendable {
    private let state = Mutex<Set<ReadyQueue.Key>>([])

    var count: Int { state.withLock { $0.count } }

    /// The first of those places that nobody claims, at most so many; they are the caller's until
    /// `give`.
    func take(_ places: [StepPlace], limit: Int) -> [StepPlace] {
        state.withLock { state in
            var taken: [StepPlace] = []
            for place in places where taken.count < limit {
                if state.insert(ReadyQueue.Key(place)).inserted { taken.append(place) }
            }
            return taken
        }
    }

    func give(_ places: [StepPlace]) {
        state.withLock { state in
            for place in places { state.remove(ReadyQueue.Key(place)) }
        }
    }
}

extension ReadyQueue.Key {
    fileprivate init(_ place: StepPlace) { self.init(run: place.run, step: place.step) }
}
