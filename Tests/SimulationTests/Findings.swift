import Synchronization
import Values

/// What must hold at every moment of every simulation.
enum Invariant: String, CaseIterable, Sendable {
    case acknowledgedIsKept = "nothing acknowledged is lost"
    case resultOnce = "no result is accepted twice, or under another epoch"
    case epochGrows = "a step's epoch grows whenever its state changes"
    case successHasCause = "a step that asks somebody succeeds only by a result"
    case onePlace = "each step is exactly one of waiting, ready, leased, ended"
    case wakeSource = "each run ends or has a wake source"
    case wholeBody = "a completed run has ended every step it holds"
    case replay = "replaying the history gives the same state"
    case childrenCounted = "a step's counts are those of the runs below it"
    case slotsKept = "no more runs with one key are under way than may be"
    case oldEnds = "a run that ends the oldest with its key does so"
    case startOnce = "a key starts one run"
    case countersEqual = "the counters of stages equal the runs counted"
    case machineWhole = "the run machine meets nothing that it excludes"
    case comesToRest = "once all is calm, what is ready or due is handled"
    case settles = "a run does not go round and round"
    case takesWhatCame = "what is waited for is taken when it comes"
    case actOnce = "an act is done once"
    case changesTold = "the changes that are told end in what each run is"
    case undoneBackwards = "what is undone is undone last first, and only what was done"
}

struct Finding: Sendable {
    let invariant: Invariant
    let run: Identifier?
    let message: String
}

/// The first things found wrong; the rest mostly follows from them.
final class Findings: Sendable {
    private let found = Mutex<[Finding]>([])

    func add(_ invariant: Invariant, _ run: Identifier?, _ message: String) {
        found.withLock { found in
            if found.count < 8 {
                found.append(Finding(invariant: invariant, run: run, message: message))
            }
        }
    }

    var all: [Finding] { found.withLock { $0 } }
    var isEmpty: Bool { all.isEmpty }
}
