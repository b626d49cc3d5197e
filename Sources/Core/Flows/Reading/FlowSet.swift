package import Autonomy
internal import Expressions
package import Values

/// All flows of a workspace, compiled.
package struct FlowSet: Sendable {
    /// By their names; none when there is an error.
    package let flows: [String: Flow]
    /// Errors and warnings, ordered by file and place.
    package let diagnostics: [Diagnostic]

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// Compiles `Flows/*.yaml` of a workspace that compiled; `zones` gives time zones by their IANA
    /// names.
    package static func compile(
        files: WorkspaceFiles,
        workspace: Workspace,
        reader: some DocumentReader,
        zones: @escaping @Sendable (String) -> TimeZoneRules?
    ) -> FlowSet {
        var compiler = FlowSetReader(workspace: workspace, zones: zones)
        compiler.read(files, reader)
        compiler.compileAll()
        let diagnostics = compiler.reader.diagnostics.sorted {
            ($0.file, $0.position) < ($1.file, $1.position)
        }
        let hasError = diagnostics.contains { $0.severity == .error }
        return FlowSet(flows: hasError ? [:] : compiler.flows, diagnostics: diagnostics)
    }
}

/// What a sub-flow takes and gives.
struct FlowSignature {
    let input: Schema
    /// Nothing where it has no output.
    let output: ExpressionType?
    /// Flows below it, itself included.
    let height: Int
}

/// Reads the files of all flows, each after those it starts.
private struct FlowSetReader {
    private struct File {
        let node: Node
        let stem: String
        let digest: Digest
        let index: StepIndex
    }

    let workspace: Workspace
    let zones: @Sendable (String) -> TimeZoneRules?
    var reader = NodeReader()
    var flows: [String: Flow] = [:]
    private var files: [String: File] = [:]
    /// Nothing for a flow that could not be made or is still being read.
    private var signatures: [String: FlowSignature] = [:]
    private var begun: Set<String> = []
    /// The flows being read, each started by the one before it.
    private var stack: [String] = []

    init(workspace: Workspace, zones: @escaping @Sendable (String) -> TimeZoneRules?) {
        self.workspace = workspace
        self.zones = zones
    }

    mutating func read(_ files: WorkspaceFiles, _ documents: some DocumentReader) {
        for path in files.flowPaths {
            // What is not UTF-8 was reported with the workspace.
            guard let bytes = files.files[path], firstInvalidUTF8(bytes) == nil else { continue }
            let source = SourceText(name: path, text: String(decoding: bytes, as: UTF8.self))
            guard self.files.count < Limits.flows else {
                reader.error(
                    "a workspace may have at most \(Limits.flows) flows",
                    SourceRange(source, 0..<0)
                )
                return
            }
            do {
                add(try documents.read(source), path, Digest(of: bytes))
            } catch {
                reader.add(error)
            }
        }
    }

    private mutating func add(_ node: Node, _ path: String, _ digest: Digest) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = String(name.dropLast(".yaml".count))
        if let there = files[stem] {
            reader.error(
                "the flow '\(stem)' is in \(there.node.range.source.name) already",
                node.range,
                fix: "give one of the two another name"
            )
            return
        }
        files[stem] = File(
            node: node,
            stem: stem,
            digest: digest,
            index: StepIndex(node["steps"])
        )
    }

    mutating func compileAll() {
        for name in files.keys.sorted() { compile(name) }
    }

    private mutating func compile(_ name: String) {
        guard let file = files[name], begun.insert(name).inserted else { return }
        stack.append(name)
        for reference in file.index.flows { follow(reference) }
        stack.removeLast()
        let height =
            1 + (file.index.flows.compactMap { signatures[$0.name]?.height }.max() ?? 0)
        if height > Limits.subflows {
            reader.error(
                "flows start each other more than \(Limits.subflows) deep below '\(name)'",
                file.node["flow"]?.range ?? file.node.range
            )
        }
        var flowReader = FlowReader(
            surroundings: FlowReader.Surroundings(
                workspace: workspace,
                flows: signatures,
                names: files.keys.sorted(),
                zones: zones
            ),
            index: file.index,
            digest: file.digest
        )
        let flow = flowReader.read(file.node, fileName: file.stem)
        reader.add(flowReader.reader.diagnostics)
        guard let flow else { return }
        flows[name] = flow
        signatures[name] = FlowSignature(
            input: flow.input,
            output: flow.output.map { $0.value.type() },
            height: height
        )
    }

    /// Compiles a flow that another starts; one that is being read closes a loop.
    private mutating func follow(_ reference: StepIndex.Reference) {
        guard let first = stack.firstIndex(of: reference.name) else {
            compile(reference.name)
            return
        }
        let loop = (stack[first...] + [reference.name]).joined(separator: " -> ")
        reader.error(
            stack.last == reference.name
                ? "the flow '\(reference.name)' starts itself without end"
                : "these flows start each other without end: \(loop)",
            reference.range,
            fix: "take one of these steps away, or let an event start the other flow"
        )
    }
}
