internal import Expressions
internal import Values

/// Whether values of one type fit a place of another, as far as types tell.
struct TypeFit {
    /// Whose the place is, for messages.
    let what: String
    private(set) var diagnostics: [Diagnostic] = []

    init(what: String) { self.what = what }

    /// `schema` is that of the place, where it is known; `node` is what was written for it.
    mutating func check(
        _ type: ExpressionType,
        _ target: ExpressionType,
        schema: JSON? = nil,
        at node: Node,
        path: String = ""
    ) {
        switch (type, target) {
        case (.dyn, _), (_, .dyn): return
        case (.object(let found), .object(let wanted)):
            members(found, wanted, schema, node, path)
        case (.object(let found), .map(_, let value)):
            for field in found.fields {
                let (next, at) = step(to: field.name, from: node, path)
                check(field.type, value, at: at, path: next)
            }
        case (.map(_, let found), .map(_, let wanted)):
            check(found, wanted, at: node, path: path)
        case (.map, .object): return
        case (.list(let found), .list(let wanted)):
            check(found, wanted, schema: schema?["items"], at: node, path: path)
        case (.enumeration(let found), .enumeration(let wanted)):
            for member in found.members where !wanted.members.contains(member) {
                note(
                    "'\(member)' is no member of \(place(path)): \(target)",
                    node,
                    fix: nearest(member, in: wanted.members).map { "write '\($0)'" }
                )
                return
            }
        default:
            if Self.fits(type, target) { return }
            note("\(place(path)) needs \(target); this is \(type)", node)
        }
    }

    private static func fits(_ type: ExpressionType, _ target: ExpressionType) -> Bool {
        switch (type, target) {
        case (.string, .enumeration), (.enumeration, .string): true
        case (.int, .double), (.uint, .double), (.uint, .int), (.int, .uint): true
        default: type == target
        }
    }

    private mutating func members(
        _ found: ObjectType,
        _ wanted: ObjectType,
        _ schema: JSON?,
        _ node: Node,
        _ path: String
    ) {
        for field in wanted.fields {
            let (next, at) = step(to: field.name, from: node, path)
            guard let given = found[field.name] else {
                if !field.isOptional {
                    note("\(what) needs '\(next)', which is missing", node, fix: "add '\(next)'")
                }
                continue
            }
            if given.isOptional, !field.isOptional {
                note(
                    "\(what) needs '\(next)', which may be absent here",
                    at,
                    fix: "give a map, and '\(field.name)' in it with '.?\(field.name).orValue(…)'"
                )
                continue
            }
            if given.type == .null, field.isOptional { continue }
            check(
                given.type,
                field.type,
                schema: schema?["properties"]?[field.name],
                at: at,
                path: next
            )
        }
        guard schema?["additionalProperties"]?.bool == false else { return }
        let names = wanted.fields.map(\.name)
        for field in found.fields where wanted[field.name] == nil {
            let (next, _) = step(to: field.name, from: node, path)
            let at = node.entries?.first { $0.name == field.name }?.nameRange ?? node.range
            diagnostics.append(
                Diagnostic(
                    "\(what) has no '\(next)'; it has \(names.joined(separator: ", "))",
                    at: at,
                    fix: nearest(field.name, in: names).map { "write '\($0)'" }
                        ?? "give a map with what it has"
                )
            )
        }
    }

    private func step(to name: String, from node: Node, _ path: String) -> (String, Node) {
        (path.isEmpty ? name : path + "." + name, node[name] ?? node)
    }

    private func place(_ path: String) -> String { path.isEmpty ? what : "'\(path)' of \(what)" }

    private mutating func note(_ message: String, _ node: Node, fix: String? = nil) {
        diagnostics.append(Diagnostic(message, at: node.range, fix: fix))
    }
}
