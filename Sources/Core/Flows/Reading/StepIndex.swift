internal import Expressions
internal import Values

/// The steps of a file by where they stand, found before any of them is read.
///
/// It says of a step that is not known at some place why that is so.
struct StepIndex: Sendable {
    /// One turn on the way from a flow's steps to a step inside others.
    struct Turn: Sendable, Equatable {
        /// The offset of the step that holds others.
        let block: Int
        let kind: String
        /// Which of its lists of steps.
        let branch: String
    }

    /// A sub-flow as a step names it.
    struct Reference: Sendable {
        let name: String
        let range: SourceRange
    }

    private(set) var flows: [Reference] = []
    private var paths: [String: [Turn]] = [:]

    /// `steps` is what stands under a flow's `steps:`, in whatever form.
    init(_ steps: Node?) { walk(steps, []) }

    func contains(_ id: String) -> Bool { paths[id] != nil }

    private mutating func walk(_ list: Node?, _ path: [Turn]) {
        guard path.count <= Limits.nesting else { return }
        for step in list?.elements ?? [] {
            if let id = step["id"]?.scalar?.string, paths[id] == nil { paths[id] = path }
            note(step["flow"])
            note(step["undo"]?["flow"])
            let block = step.range.offsets.lowerBound
            func turn(_ kind: String, _ branch: String) -> [Turn] {
                path + [Turn(block: block, kind: kind, branch: branch)]
            }
            for branch in step["parallel"]?.entries ?? [] {
                walk(branch.value, turn("parallel", branch.name))
            }
            walk(step["each"]?["do"], turn("each", "do"))
            for (number, choice) in (step["switch"]?.elements ?? []).enumerated() {
                walk(choice["do"] ?? choice["else"], turn("switch", "\(number)"))
            }
            walk(step["on_failure"]?["do"], turn("on_failure", "do"))
        }
    }

    private mutating func note(_ node: Node?) {
        guard let node, let name = node.scalar?.string else { return }
        flows.append(Reference(name: name, range: node.range))
    }

    /// Why a step of the file is not known at a place; nothing for a name that no step has.
    func absence(of id: String, at place: [Turn], read: Set<String>) -> ObjectType.Absence? {
        guard let path = paths[id] else { return nil }
        for (there, here) in zip(path, place) where there != here {
            guard there.block == here.block, there.kind == here.kind else { break }
            if there.kind == "switch" {
                return .init(
                    "the step '\(id)' is in another branch of the 'switch', and only one is taken",
                    fix: "read it after the 'switch'"
                )
            }
            return .init(
                "the step '\(id)' is in another branch, whose outputs are known only after the "
                    + "'parallel'",
                fix: "read it after the 'parallel', or move it before"
            )
        }
        if read.contains(id) {
            return .init(
                "the step '\(id)' is inside an 'each', and its outputs are known only there",
                fix: "give the 'each' an id, and read the list 'steps.ID.output'"
            )
        }
        return .init(
            "the step '\(id)' comes later, so nothing is known of it here",
            fix: "move this step after '\(id)'"
        )
    }
}
