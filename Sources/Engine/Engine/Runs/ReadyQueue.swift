internal import Storage
internal import Values

/// The woken steps an engine knows of, in the order it takes them: each flow in its turn, within one
/// the highest priority first, then who came first.
///
/// It is a memory of the store's rows and may be forgotten: a look at the store finds them again.
struct ReadyQueue {
    struct Key: Hashable {
        let run: Identifier
        let step: Int
    }

    private struct Line {
        var places: [StepPlace] = []
        var next = 0

        var isEmpty: Bool { next == places.count }
    }

    private let limit: Int
    private var lines: [String: [Int: Line]] = [:]
    /// The flows that have any, the one whose turn it is first.
    private var turns: [String] = []
    private var turn = 0
    private var known: Set<Key> = []

    init(limit: Int) { self.limit = limit }

    var count: Int { known.count }
    var isFull: Bool { known.count >= limit }

    /// Takes a place in, unless it is there already or there is no room.
    mutating func offer(_ place: StepPlace) {
        let key = Key(run: place.run, step: place.step)
        guard !isFull, known.insert(key).inserted else { return }
        if lines[place.flow] == nil { turns.append(place.flow) }
        lines[place.flow, default: [:]][place.priority, default: Line()].places.append(place)
    }

    mutating func next() -> StepPlace? {
        guard !turns.isEmpty else { return nil }
        if turn >= turns.count { turn = 0 }
        let flow = turns[turn]
        guard let priority = lines[flow]?.keys.max(), var line = lines[flow]?[priority] else {
            preconditionFailure("a flow in turn has places")
        }
        let place = line.places[line.next]
        line.next += 1
        lines[flow]?[priority] = line.isEmpty ? nil : line
        if lines[flow]?.isEmpty == true {
            lines[flow] = nil
            turns.remove(at: turn)
        } else {
            turn += 1
        }
        known.remove(Key(run: place.run, step: place.step))
        return place
    }
}
