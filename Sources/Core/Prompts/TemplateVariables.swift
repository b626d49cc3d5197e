internal import Values

/// Collects the fields of the input that a template reads.
struct TemplateVariables {
    private let partials: [String: [TemplateNode]]
    private(set) var found: [(path: [String], range: SourceRange)] = []
    private(set) var diagnostics: [Diagnostic] = []
    /// The place of `this` in each context; nothing where it is not of the input.
    private var contexts: [[String]?] = [[]]
    private var names: [String: [String]?] = [:]
    /// Partials looked into in a context: what one reads there is the same the second time.
    private var seen: Set<String> = []
    private var open: Set<String> = []

    init(partials: [String: [TemplateNode]]) { self.partials = partials }

    mutating func collect(_ nodes: [TemplateNode]) {
        for node in nodes {
            switch node {
            case .text: break
            case .output(let call): output(call)
            case .block(let block): self.block(block)
            case .partial(let name, let context, let hash):
                for (_, operand) in hash { read(operand) }
                if let context { read(context) }
                guard let body = partials[name] else { continue }
                guard context == nil, hash.isEmpty, isNew(name),
                    open.insert(name).inserted
                else { continue }
                collect(body)
                open.remove(name)
            }
        }
    }

    private mutating func isNew(_ partial: String) -> Bool {
        let places = names.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? ["-"])" }
        return seen.insert("\(partial) \(contexts) \(places)").inserted
    }

    private mutating func output(_ call: TemplateCall) {
        for operand in call.arguments { read(operand) }
        for (_, operand) in call.hash { read(operand) }
        if let name = call.name.path?.simpleName, Prompt.helpers.contains(name) { return }
        if call.arguments.isEmpty, call.hash.isEmpty {
            read(call.name)
        } else if let path = call.name.path {
            let name = path.names.joined(separator: ".")
            diagnostics.append(
                Diagnostic(
                    "there is no helper '\(name)'",
                    at: path.range,
                    fix: nearest(name, in: Prompt.helpers.sorted()).map { "write '\($0)'" }
                )
            )
        }
    }

    private mutating func block(_ block: TemplateNode.Block) {
        for operand in block.call.arguments { read(operand) }
        let name = block.call.name.path?.simpleName
        let before = names
        var pushed = false
        if name == "each" || name == "with" {
            let place = block.call.arguments.first.flatMap { $0.path.flatMap(absolute) }
            let inner = place.map { name == "each" ? $0 + ["*"] : $0 }
            contexts.append(inner)
            pushed = true
            if let parameter = block.parameters.first { names[parameter] = .some(inner) }
            if block.parameters.count > 1 { names[block.parameters[1]] = .some(nil) }
        } else if let name, !Prompt.helpers.contains(name) {
            read(block.call.name)
            contexts.append(nil)
            pushed = true
        }
        collect(block.body)
        if pushed { contexts.removeLast() }
        names = before
        collect(block.otherwise)
    }

    private mutating func read(_ operand: TemplateOperand) {
        switch operand {
        case .literal: break
        case .call(let call): output(call)
        case .path(let path):
            guard let place = absolute(path), !place.isEmpty else { return }
            found.append((place, path.range))
        }
    }

    private func absolute(_ path: TemplatePath) -> [String]? {
        if path.isData { return nil }
        if path.up == 0, let first = path.names.first, let named = names[first] {
            return named.map { $0 + path.names.dropFirst() }
        }
        let place = contexts.count - 1 - path.up
        guard place >= 0, let context = contexts[place] else { return nil }
        return context + path.names
    }
}
