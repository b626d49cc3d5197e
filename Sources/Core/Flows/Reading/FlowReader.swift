internal import Autonomy
internal import Expressions
internal import Values

/// Reads one flow file into a checked flow, collecting every diagnostic.
struct FlowReader {
    private static let keys = [
        "flow", "title", "owner", "stages", "input", "fields", "output", "on", "concurrency",
        "rate", "steps",
    ]

    /// What a flow may refer to.
    struct Surroundings {
        let workspace: Workspace
        /// Those that could be read before this one.
        let flows: [String: FlowSignature]
        /// The names of all flows.
        let names: [String]
        let zones: @Sendable (String) -> TimeZoneRules?
    }

    let surroundings: Surroundings
    let index: StepIndex
    let digest: Digest
    var reader = NodeReader()

    var name = ""
    var inputType = ExpressionType.dyn
    var stages: [String] = []
    var stagesUsed: Set<String> = []
    var fields: [FlowField] = []
    /// By number; nothing for a step that is being read or could not be.
    var steps: [FlowStep?] = []
    /// What each step gives, by number.
    var outcomes: [Int: StepOutcome] = [:]
    /// The ids of the steps that have been read.
    var read: Set<String> = []
    var ids: Set<String> = []
    /// The ids of the steps being read, each inside the one before.
    var open: Set<String> = []
    /// The names of items, in the order of their places among the variables.
    var itemNames: [String] = []

    init(surroundings: Surroundings, index: StepIndex, digest: Digest) {
        self.surroundings = surroundings
        self.index = index
        self.digest = digest
    }

    /// The flow, or nothing when it could not be made; the reader's diagnostics tell why.
    mutating func read(_ node: Node, fileName: String) -> Flow? {
        guard let node = reader.mapping(node, "a flow", keys: Self.keys) else { return nil }
        let name = reader.required("flow", in: node, "a flow").flatMap {
            reader.text($0, "'flow'")
        }
        if let name, name != fileName, let at = node["flow"] {
            reader.error(
                "the flow '\(name)' stands in a file named '\(fileName)'",
                at.range,
                fix: "name the file \(name).yaml"
            )
        }
        self.name = name ?? fileName
        let title = node["title"].flatMap { reader.text($0, "'title'") }
        let owner = node["owner"].flatMap { reader.text($0, "'owner'") }
        let input = input(node["input"])
        if let input { inputType = ExpressionType(schema: input.document) }
        readStages(node["stages"])
        readFields(node["fields"], input)
        let triggers = triggers(node["on"])
        let concurrency = node["concurrency"].flatMap { self.concurrency($0) }
        let rate = node["rate"].flatMap { self.rate($0) }
        var scope = StepScope()
        let body = reader.required("steps", in: node, "a flow").flatMap {
            list($0, "'steps'", &scope)
        }
        let output = node["output"].flatMap { given($0, "'output'", scope) }
        warnOfStages(node["stages"])
        let whole = steps.compactMap { $0 }
        guard let name, let input, let body, whole.count == steps.count else { return nil }
        return Flow(
            name: name,
            title: title,
            owner: owner,
            stages: stages,
            input: input,
            output: output,
            fields: fields,
            triggers: triggers,
            concurrency: concurrency,
            rate: rate,
            steps: whole,
            body: body,
            digest: digest,
            environment: FlowEnvironment(
                variables: bindingNames,
                lists: surroundings.workspace.constants.lists,
                vars: surroundings.workspace.constants.vars
            )
        )
    }

    /// Any value where nothing is said.
    private mutating func input(_ node: Node?) -> Schema? {
        do {
            guard let node else { return try Schema(["type": "object"]) }
            let schema = try Schema.reading(policyNode: node)
            reader.add(schema.warnings)
            return schema
        } catch {
            reader.add(error)
            return nil
        }
    }

    private mutating func readStages(_ node: Node?) {
        guard let node, let nodes = reader.list(node, "'stages'") else { return }
        if nodes.count > Limits.stages {
            reader.error("a flow may have at most \(Limits.stages) stages", node.range)
        }
        for node in nodes.prefix(Limits.stages) {
            guard let stage = reader.text(node, "'stages'") else { continue }
            if stages.contains(stage) {
                reader.error("the stage '\(stage)' is there twice", node.range, fix: "name it once")
            } else {
                stages.append(stage)
            }
        }
    }

    /// A run begins in the first stage, so that one is never unused.
    private mutating func warnOfStages(_ node: Node?) {
        for node in node?.elements?.dropFirst() ?? [] {
            guard let stage = node.scalar?.string, !stagesUsed.contains(stage) else { continue }
            reader.warning(
                "no step is in the stage '\(stage)'",
                node.range,
                fix: "add 'stage: \(stage)' to a step, or take it away"
            )
        }
    }
}

/// What a step gives to those after it.
struct StepOutcome {
    /// Nothing where it has no output.
    let output: ExpressionType?
    let isSure: Bool
}
