internal import Decisions
internal import Engine
internal import Values

/// Brings results that come in any order into the order of the input.
///
/// It holds a bounded number of them; what it lets go is asked of the store again when its turn
/// comes.
struct Projection {
    /// What became of the lines from `next` on.
    private enum Held {
        case line([UInt8])
        /// Finished, but let go: the store knows.
        case stored(key: String)
        /// Could not be read or was refused: it has no line in the output.
        case nothing
    }

    private var held: [Int: Held] = [:]
    private var heldLines = 0
    /// The input line whose turn it is, by its place among all lines.
    private var next = 0

    /// Records the result of the line at that place; `nothing` for one without a decision.
    mutating func add(place: Int, key: String, line: [UInt8]?) {
        guard let line else {
            held[place] = .nothing
            return
        }
        if heldLines < Limits.heldLines || place == next {
            held[place] = .line(line)
            heldLines += 1
        } else {
            held[place] = .stored(key: key)
        }
    }

    enum Due: Equatable {
        case line([UInt8])
        /// These lines are due one after another; the store knows them.
        case stored(keys: [String])
    }

    /// What is due now, if the next line's result is known.
    mutating func takeDue() -> Due? {
        var keys: [String] = []
        while let result = held[next] {
            switch result {
            case .nothing: break
            case .line(let line):
                if !keys.isEmpty { return .stored(keys: keys) }
                held[next] = nil
                heldLines -= 1
                next += 1
                return .line(line)
            case .stored(let key):
                keys.append(key)
            }
            held[next] = nil
            next += 1
            if keys.count == Engine.Limits.batch { break }
        }
        return keys.isEmpty ? nil : .stored(keys: keys)
    }
}
