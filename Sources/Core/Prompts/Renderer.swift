internal import Values

/// Walks a template and builds messages piece by piece.
///
/// Text of the input is only ever added as text: nothing in it can open a message or run a helper.
struct Renderer {
    private struct Scope {
        let this: JSON?
        var names: [String: JSON] = [:]
        var data: [String: JSON] = [:]
    }

    private let data: RenderData
    private let partials: [String: [TemplateNode]]
    private var scopes: [Scope]
    private var assembly: MessageAssembly
    private var steps = 0
    private var depth = 0

    init(data: RenderData, partials: [String: [TemplateNode]]) {
        self.data = data
        self.partials = partials
        scopes = [Scope(this: data.input)]
        assembly = MessageAssembly(history: data.history)
    }

    mutating func render(_ nodes: [TemplateNode]) throws(PromptError) -> [Message] {
        try walk(nodes)
        return assembly.finish()
    }

    private mutating func walk(_ nodes: [TemplateNode]) throws(PromptError) {
        for node in nodes {
            switch node {
            case .text(let text): assembly.add(text)
            case .output(let call): try output(call)
            case .block(let block): try self.block(block)
            case .partial(let name, let context, let hash):
                try partial(name, context, hash)
            }
            try spend()
        }
    }

    /// Counts a step that was made, and stops where it made too much.
    private mutating func spend() throws(PromptError) {
        steps += 1
        if steps > Limits.steps { throw Self.tooLarge }
        try checkSize(assembly.bytes)
    }

    private func checkSize(_ bytes: Int) throws(PromptError) {
        if bytes > Limits.outputBytes { throw Self.tooLarge }
    }

    private static let tooLarge =
        PromptError(message: "the prompt becomes too large with this input")

    private mutating func partial(
        _ name: String,
        _ context: TemplateOperand?,
        _ hash: [(String, TemplateOperand)]
    ) throws(PromptError) {
        guard let nodes = partials[name] else {
            throw PromptError(message: "there is no partial '\(name)'")
        }
        depth += 1
        defer { depth -= 1 }
        if depth > Limits.depth {
            throw PromptError(message: "partials use each other more than \(Limits.depth) deep")
        }
        var this = try context.map { (each) throws(PromptError) in try value(each) } ?? current
        if !hash.isEmpty {
            var object = this?.object ?? JSONObject()
            for (key, operand) in hash {
                object = object.setting(key, to: try value(operand) ?? .null)
            }
            this = .object(object)
        }
        scopes.append(Scope(this: this))
        defer { scopes.removeLast() }
        try walk(nodes)
    }

    private var current: JSON? { scopes[scopes.count - 1].this }

    // MARK: Helpers

    private mutating func output(_ call: TemplateCall) throws(PromptError) {
        switch call.name.path?.simpleName {
        case "role"?:
            assembly.begin(role: try text(call.arguments.first))
            return
        case "history"?:
            assembly.addHistory()
            return
        case "section"?:
            assembly.addSection(try text(call.arguments.first))
            return
        case "media"?:
            let hash = Dictionary(call.hash, uniquingKeysWith: { _, last in last })
            assembly.addMedia(
                url: try text(hash["url"]),
                contentType: try hash["contentType"].map { (each) throws(PromptError) in
                    try text(each)
                }
            )
            return
        default: break
        }
        guard let value = try result(of: call) else { return }
        assembly.add(Self.written(value))
    }

    private mutating func result(of call: TemplateCall) throws(PromptError) -> JSON? {
        if call.name.path?.simpleName == "fence" {
            let hash = call.hash.first { $0.0 == "tag" }
            let fence = try Fence(tag: hash.map { (each) throws(PromptError) in try text(each.1) })
            let fenced = fence.around(try text(call.arguments.first))
            try checkSize(fenced.utf8.count)
            return .string(fenced)
        }
        if call.name.path?.simpleName == "json" {
            let value =
                try call.arguments.first.map { (each) throws(PromptError) in
                    try self.value(each)
                } ?? nil
            // A text in a text in a text doubles its escapes each time.
            try checkSize(value?.string?.utf8.count ?? 0)
            let indent = call.hash.first { $0.0 == "indent" }
            guard let indent else { return value.map { .string($0.compactText) } }
            let width = try self.value(indent.1)?.integer ?? 0
            return value.map { .string($0.indentedText(Int(min(max(width, 0), 10)))) }
        }
        return try value(call.name)
    }

    private mutating func block(_ block: TemplateNode.Block) throws(PromptError) {
        let arguments = block.call.arguments
        let first = try arguments.first.map { (each) throws(PromptError) in try value(each) } ?? nil
        switch block.call.name.path?.simpleName {
        case "if"?: try walk(Self.isTrue(first) ? block.body : block.otherwise)
        case "unless"?: try walk(Self.isTrue(first) ? block.otherwise : block.body)
        case "ifEquals"?, "unlessEquals"?:
            let second = arguments.count > 1 ? try value(arguments[1]) : nil
            let equal = first.map { $0.isExactly(second) } ?? (second == nil)
            let positive = block.call.name.path?.simpleName == "ifEquals"
            try walk(equal == positive ? block.body : block.otherwise)
        case "with"?:
            guard Self.isTrue(first) else { return try walk(block.otherwise) }
            var scope = Scope(this: first)
            if let name = block.parameters.first { scope.names[name] = first }
            scopes.append(scope)
            defer { scopes.removeLast() }
            try walk(block.body)
        case "each"?: try each(first, block)
        default: try section(try value(block.call.name), block)
        }
    }

    /// `{{#name}}`: over a list, into an object, or a plain condition.
    private mutating func section(
        _ value: JSON?,
        _ block: TemplateNode.Block
    ) throws(PromptError) {
        if value?.array != nil { return try each(value, block) }
        guard Self.isTrue(value) else { return try walk(block.otherwise) }
        scopes.append(Scope(this: value == true ? current : value))
        defer { scopes.removeLast() }
        try walk(block.body)
    }

    private mutating func each(_ value: JSON?, _ block: TemplateNode.Block) throws(PromptError) {
        let elements: [(key: JSON, value: JSON)]
        switch value {
        case .array(let values)?:
            elements = values.enumerated().map { (.int(Int64($0)), $1) }
        case .object(let object)?: elements = object.members.map { (.string($0.name), $0.value) }
        default: elements = []
        }
        if elements.isEmpty { return try walk(block.otherwise) }
        for (index, element) in elements.enumerated() {
            var scope = Scope(this: element.value)
            scope.data = [
                "index": .int(Int64(index)), "key": element.key, "first": .bool(index == 0),
                "last": .bool(index == elements.count - 1),
            ]
            if let name = block.parameters.first { scope.names[name] = element.value }
            if block.parameters.count > 1 { scope.names[block.parameters[1]] = element.key }
            scopes.append(scope)
            defer { scopes.removeLast() }
            try walk(block.body)
            try spend()
        }
    }

    // MARK: Values

    private mutating func value(_ operand: TemplateOperand) throws(PromptError) -> JSON? {
        switch operand {
        case .literal(let value): return value
        case .call(let call): return try result(of: call)
        case .path(let path): return look(path)
        }
    }

    private func look(_ path: TemplatePath) -> JSON? {
        var names = path.names[...]
        var found: JSON?
        if path.isData {
            guard let name = names.popFirst() else { return nil }
            found = scopes.reversed().lazy.compactMap { $0.data[name] }.first ?? data.context[name]
            if name == "root" { found = data.input }
        } else {
            let place = scopes.count - 1 - path.up
            guard place >= 0 else { return nil }
            found = scopes[place].this
            if path.up == 0, let name = names.first,
                let named = scopes.reversed().lazy.compactMap({ $0.names[name] }).first
            {
                found = named
                names = names.dropFirst()
            }
        }
        for name in names {
            if name == "length", let count = found?.array?.count {
                found = .int(Int64(count))
            } else if let elements = found?.array {
                found = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                found = found?[name]
            }
        }
        return found
    }

    private mutating func text(_ operand: TemplateOperand?) throws(PromptError) -> String {
        guard let operand, let value = try value(operand) else { return "" }
        return Self.written(value)
    }

    private static func isTrue(_ value: JSON?) -> Bool {
        switch value {
        case nil, .null?: false
        case .bool(let value)?: value
        case .string(let text)?: !text.isEmpty
        case .array(let elements)?: !elements.isEmpty
        case let value?: value.number.map { $0 != 0 } ?? true
        }
    }

    private static func written(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        case .array(let elements): elements.map(written).joined(separator: ",")
        case .object: "[object Object]"
        default: value.compactText
        }
    }
}

extension JSON {
    /// JavaScript's `===` on plain values.
    fileprivate func isExactly(_ other: JSON?) -> Bool {
        guard let other else { return false }
        switch (self, other) {
        case (.array, _), (.object, _): return false
        default: return self == other
        }
    }

    /// The text with so many blanks a level, members in their order.
    fileprivate func indentedText(_ width: Int) -> String {
        guard width > 0 else { return compactText }
        let lines: [Substring] = prettyText.split(separator: "\n")
        let indented: [String] = lines.map { line in
            let blanks = line.prefix { $0 == " " }.count
            return String(repeating: " ", count: blanks / 2 * width) + line.dropFirst(blanks)
        }
        return indented.joined(separator: "\n")
    }
}
