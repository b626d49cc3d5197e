/// Reads the schemas that a document's root leads to into rules, collecting every diagnostic.
///
/// A rule is made for a schema together with the dynamic anchors in force where it is applied, so
/// that a `$dynamicRef` is an ordinary reference once compiled. Schemas wait in a list, not on the
/// stack.
struct SchemaCompiler {
    private struct Key: Hashable {
        let site: Int
        let scope: Int
    }

    var documents: SchemaDocuments
    var builder = SchemaBuilder()
    let formats: Schema.Formats
    private(set) var warnings: [Diagnostic] = []
    private var diagnostics: [Diagnostic] = []
    private var numbers: [Key: Int] = [:]
    private var keys: [Key] = []
    /// For each dynamic anchor the outermost schema that has it, by number; the first has none.
    private var scopes: [[String: Int]] = [[:]]
    private var scopeNumbers: [[String: Int]: Int] = [[:]: 0]
    /// The schema that is being read.
    private var current = Key(site: 0, scope: 0)

    init(root: Node, formats: Schema.Formats) throws(Diagnostics) {
        documents = try SchemaDocuments(root: root)
        self.formats = formats
    }

    mutating func compile() throws(Diagnostics) -> SchemaProgram {
        if documents.errors.isEmpty {
            _ = rule(site: 0, scope: 0)
            while builder.rules.count < keys.count {
                current = keys[builder.rules.count]
                builder.rules.append(read(documents.sites[current.site].node))
            }
        }
        let program = SchemaProgram(builder)
        if let circle = SchemaCircles.first(in: program) { reportCircle(circle) }
        let errors = documents.errors + diagnostics
        warnings += documents.warnings
        if !errors.isEmpty { throw Diagnostics(errors + warnings) }
        return program
    }

    // MARK: Rules

    /// The rule of a schema that a keyword of the one being read holds.
    mutating func inner(_ keyword: String, _ position: Int = -1) -> Int {
        guard let site = documents.child(of: current.site, keyword, position) else {
            precondition(!documents.errors.isEmpty, "'\(keyword)' was scanned as a schema")
            return 0
        }
        return rule(site: site, scope: current.scope)
    }

    /// The rule of a schema, made when it is new; one that only refers is the one it refers to.
    private mutating func rule(site: Int, scope: Int) -> Int {
        var key = entered(site, scope)
        var passed: Set<Key> = []
        while let text = onlyReference(key.site), passed.insert(key).inserted {
            let reader = current
            current = key
            let target = target(of: text, keyword: "$ref", reports: false)
            current = reader
            // What cannot be found is told where it is read.
            guard let target else { break }
            key = entered(target, key.scope)
        }
        if let known = numbers[key] { return known }
        if keys.count == Limits.schemaExpandedRules {
            if diagnostics.isEmpty {
                note("a schema must not come to more than \(keys.count) parts", [])
            }
            return 0
        }
        numbers[key] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    /// The schema with the dynamic anchors in force inside it: an outer one hides its like.
    private mutating func entered(_ site: Int, _ scope: Int) -> Key {
        let anchors = documents.resources[documents.sites[site].resource].dynamicAnchors
        if anchors.isEmpty { return Key(site: site, scope: scope) }
        let inside = scopes[scope].merging(anchors) { outer, _ in outer }
        if let known = scopeNumbers[inside] { return Key(site: site, scope: known) }
        scopes.append(inside)
        scopeNumbers[inside] = scopes.count - 1
        return Key(site: site, scope: scopes.count - 1)
    }

    private func onlyReference(_ site: Int) -> String? {
        guard let entries = documents.sites[site].node.entries else { return nil }
        var text: String?
        for entry in entries where !SchemaKeywords.annotations.contains(entry.name) {
            guard entry.name == "$ref", let written = entry.value.scalar?.string else { return nil }
            text = written
        }
        return text
    }

    private mutating func read(_ node: Node) -> SchemaRule {
        var rule = SchemaRule(place: documents.sites[current.site].place)
        let first = builder.keywords.count
        switch node.content {
        case .scalar(.bool(let all)):
            if !all { builder.keywords.append(.never) }
        case .mapping(let entries):
            var checks: [SchemaKeyword] = []
            for entry in entries {
                if entry.name == "type" { rule.kinds = types(entry.value) }
                if let check = keyword(entry, in: node) { checks.append(check) }
            }
            if let members = members(of: node) { checks.append(members) }
            if let items = items(of: node) { checks.append(items) }
            builder.keywords += checks
            if node["unevaluatedProperties"] != nil {
                rule.otherMembers = inner("unevaluatedProperties")
            }
            if node["unevaluatedItems"] != nil { rule.otherItems = inner("unevaluatedItems") }
        default: note("expected a schema: an object, true or false", [])
        }
        rule.checks = first..<builder.keywords.count
        return rule
    }

    // MARK: References

    /// `$ref`: the schema of that address.
    mutating func reference(_ node: Node) -> SchemaKeyword? {
        guard let text = text(node, "$ref"), let target = target(of: text, keyword: "$ref") else {
            return nil
        }
        return .reference(rule(site: target, scope: current.scope))
    }

    /// `$dynamicRef`: the outermost schema in force with that dynamic anchor, where it names one.
    mutating func dynamicReference(_ node: Node) -> SchemaKeyword? {
        guard let text = text(node, "$dynamicRef"),
            var target = target(of: text, keyword: "$dynamicRef")
        else { return nil }
        let resource = documents.resources[documents.sites[target].resource]
        if let name = URIReference(text).fragment, resource.dynamicAnchors[name] == target {
            target = scopes[current.scope][name] ?? target
        }
        return .reference(rule(site: target, scope: current.scope))
    }

    private mutating func target(
        of text: String,
        keyword: String,
        reports: Bool = true
    ) -> Int? {
        let home = documents.sites[current.site].resource
        let reference = URIReference(text).resolved(against: documents.resources[home].address)
        let isNear = text.isEmpty || text.utf8.first == UInt8(ascii: "#")
        guard let resource = isNear ? home : documents.resource(at: reference.document) else {
            guard reports else { return nil }
            note(
                "'\(text)' refers to another document, and none is fetched",
                [keyword],
                fix: "put that document under '$defs', with its address as '$id'"
            )
            return nil
        }
        guard let fragment = URIReference.decoded(reference.fragment ?? "") else {
            if reports {
                note("the fragment of '\(text)' has a '%' that is no escape", [keyword])
            }
            return nil
        }
        if let found = find(fragment, in: resource) { return found }
        guard reports, !isFull else { return nil }
        note(
            "'\(text)' names nothing in this schema",
            [keyword],
            fix: nearestName(to: fragment, in: resource)
        )
        return nil
    }

    private mutating func find(_ fragment: String, in resource: Int) -> Int? {
        if fragment.isEmpty { return documents.resources[resource].site }
        if fragment.utf8.first == UInt8(ascii: "/") {
            return Self.tokens(fragment).flatMap { documents.site(at: $0, in: resource) }
        }
        let (anchors, dynamic) = (
            documents.resources[resource].anchors, documents.resources[resource].dynamicAnchors
        )
        return anchors[fragment] ?? dynamic[fragment]
    }

    /// The tokens of a JSON pointer; nothing for an escape that is none.
    private static func tokens(_ pointer: String) -> [String]? {
        do throws(JSONPointerError) {
            return try JSONPointer(pointer).tokens
        } catch {
            return nil
        }
    }

    private func nearestName(to fragment: String, in resource: Int) -> String? {
        let root = documents.sites[documents.resources[resource].site].node
        if fragment.hasPrefix("/$defs/") {
            let names = (root["$defs"]?.entries ?? []).prefix(Limits.namesCompared).map(\.name)
            return nearest(String(fragment.dropFirst(7)), in: names).map { "write '#/$defs/\($0)'" }
        }
        let anchors = documents.resources[resource].anchors.keys
        return nearest(fragment, in: anchors.sorted()).map { "write '#\($0)'" }
    }

    // MARK: Diagnostics

    /// Whether more mistakes would not be told.
    private var isFull: Bool { diagnostics.count >= Limits.diagnostics }

    /// A mistake in an argument of the schema being read.
    mutating func note(
        _ message: String,
        _ keyword: [String],
        at node: Node? = nil,
        fix: String? = nil
    ) {
        if isFull { return }
        let site = documents.sites[current.site]
        diagnostics.append(
            documents.diagnostic(
                message,
                node ?? keyword.first.flatMap { site.node[$0] } ?? site.node,
                site.place,
                keyword,
                fix: fix
            )
        )
    }

    /// Something that is allowed and most likely not meant.
    mutating func warn(
        _ message: String,
        _ keyword: String,
        at range: SourceRange,
        fix: @autoclosure () -> String?
    ) {
        guard warnings.count < Limits.diagnostics else { return }
        let pointer = documents.places.pointer(
            documents.sites[current.site].place,
            keyword: [keyword]
        )
        warnings.append(
            Diagnostic("\(message) (at \(pointer))", at: range, fix: fix(), severity: .warning)
        )
    }

    private mutating func reportCircle(_ rule: Int) {
        current = keys[rule]
        note(
            "this schema leads back to itself without going into the value, so it cannot end",
            [],
            fix: "refer to it from 'properties', 'items' or the like"
        )
    }
}

/// Finds schemas that apply themselves to the same value again.
enum SchemaCircles {
    /// A rule on such a circle.
    static func first(in program: SchemaProgram) -> Int? {
        var state = [UInt8](repeating: 0, count: program.rules.count)
        for start in state.indices where state[start] == 0 {
            var path: [(rule: Int, next: [Int])] = [(start, applied(by: start, in: program))]
            state[start] = 1
            while let last = path.last {
                guard let next = last.next.last else {
                    state[last.rule] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next.removeLast()
                // A mistake leaves rules out, and is told.
                guard next < state.count else { continue }
                if state[next] == 1 { return next }
                if state[next] == 0 {
                    state[next] = 1
                    path.append((next, applied(by: next, in: program)))
                }
            }
        }
        return nil
    }

    /// The rules that a rule applies to the value it has itself.
    private static func applied(by rule: Int, in program: SchemaProgram) -> [Int] {
        program.keywords[program.rules[rule].checks].flatMap { keyword -> [Int] in
            switch keyword {
            case .allOf(let run), .anyOf(let run), .oneOf(let run): Array(program.runs[run])
            case .not(let inner), .reference(let inner): [inner]
            case .conditional(let condition, let then, let otherwise):
                [condition] + [then, otherwise].compactMap(\.self)
            case .dependentSchemas(let number): program.dependencies[number].all.map(\.rule)
            default: []
            }
        }
    }
}
