internal import Expressions
internal import Prompts
package import Values

extension Workspace {
    /// Compiles a workspace from its files; `environment` gives the values of `${env:NAME}` in
    /// `vars:`, which are in no release, and `zones` the time zones by their IANA names.
    package static func compile(
        files: WorkspaceFiles,
        reader: some DocumentReader,
        environment: [String: String],
        zones: @escaping @Sendable (String) -> TimeZoneRules?
    ) -> WorkspaceCheck {
        var compiler = WorkspaceReader(files: files, environment: environment, zones: zones)
        let workspace = compiler.compile(reader)
        let diagnostics = compiler.reader.diagnostics.sorted {
            ($0.file, $0.position) < ($1.file, $1.position)
        }
        let hasError = diagnostics.contains { $0.severity == .error }
        return WorkspaceCheck(workspace: hasError ? nil : workspace, diagnostics: diagnostics)
    }
}

/// Reads `stepgate.yaml`, prompts, lists and policies.
struct WorkspaceReader {
    private static let keys = ["models", "lists", "vars", "attachments", "retention"]

    let files: WorkspaceFiles
    let environment: [String: String]
    var reader = NodeReader()
    /// The files that the workspace refers to.
    private var used: Set<String> = []

    private let zones: @Sendable (String) -> TimeZoneRules?

    init(
        files: WorkspaceFiles,
        environment: [String: String],
        zones: @escaping @Sendable (String) -> TimeZoneRules?
    ) {
        self.zones = zones
        self.files = files
        self.environment = environment
    }

    mutating func compile(_ documents: some DocumentReader) -> Workspace? {
        guard let source = text("stepgate.yaml"), let node = document(source, documents),
            let root = reader.mapping(node, "stepgate.yaml", keys: Self.keys)
        else { return nil }
        let models = models(root["models"])
        let (lists, listsType) = lists(root["lists"])
        let vars = vars(root["vars"])
        let constants = Workspace.Constants(
            lists: .object(lists),
            vars: .object(vars),
            listsType: listsType,
            varsType: .object(
                ObjectType(vars.members.map { .init($0.name, ExpressionType(value: $0.value)) })
            )
        )
        let surroundings = PolicyReader.Surroundings(
            prompts: prompts(documents),
            models: models,
            lists: constants.lists,
            vars: constants.vars,
            listsType: constants.listsType,
            varsType: constants.varsType,
            zones: zones
        )
        let policies = policies(documents, surroundings)
        // Flows are read where policies are known; here they only become part of the release.
        for path in files.flowPaths { _ = text(path) }
        let released = files.files.filter { used.contains($0.key) }
        return Workspace(
            policies: policies,
            models: models,
            attachments: root["attachments"].flatMap { attachments($0) },
            retention: retention(root["retention"]),
            constants: constants,
            release: Release(files: released)
        )
    }

    // MARK: Files

    private mutating func text(_ path: String) -> SourceText? {
        guard let bytes = files.files[path] else { return nil }
        used.insert(path)
        if let bad = firstInvalidUTF8(bytes) {
            let readable = SourceText(
                name: path,
                text: String(decoding: bytes[..<bad], as: UTF8.self)
            )
            reader.error(
                "the byte 0x\([bytes[bad]].hex) is not UTF-8",
                SourceRange(readable, bad..<bad),
                fix: "save the file as UTF-8"
            )
            return nil
        }
        return SourceText(name: path, text: String(decoding: bytes, as: UTF8.self))
    }

    private mutating func document(
        _ source: SourceText,
        _ documents: some DocumentReader
    ) -> Node? {
        do {
            return try documents.read(source)
        } catch {
            reader.add(error)
            return nil
        }
    }

    private func paths(in folder: String, ending: String) -> [String] {
        files.paths(in: folder, ending: ending)
    }

    private static func stem(_ path: String, _ ending: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return String(name.dropLast(ending.count))
    }

    // MARK: Prompts and policies

    private mutating func prompts(_ documents: some DocumentReader) -> [String: Prompt] {
        let ending = ".prompt"
        let all = paths(in: "Prompts", ending: ending)
        var partials: [String: SourceText] = [:]
        for path in all where Self.stem(path, ending).hasPrefix("_") {
            partials[String(Self.stem(path, ending).dropFirst())] = text(path)
        }
        var prompts: [String: Prompt] = [:]
        for path in all where !Self.stem(path, ending).hasPrefix("_") {
            guard let source = text(path) else { continue }
            let name = Self.stem(path, ending)
            do {
                prompts[name] = try Prompt.compile(
                    name: name,
                    source: source,
                    reader: documents,
                    partials: partials
                )
            } catch {
                reader.add(error)
            }
        }
        return prompts
    }

    private mutating func policies(
        _ documents: some DocumentReader,
        _ surroundings: PolicyReader.Surroundings
    ) -> [String: Policy] {
        var policies: [String: Policy] = [:]
        for path in paths(in: "Policies", ending: ".yaml") where !path.hasSuffix(".cases.yaml") {
            guard let source = text(path), let node = document(source, documents) else { continue }
            var policyReader = PolicyReader(
                surroundings: surroundings,
                digest: Digest(of: files.files[path] ?? [])
            )
            let policy = policyReader.read(node, fileName: Self.stem(path, ".yaml"))
            reader.add(policyReader.reader.diagnostics)
            if let policy { policies[policy.name] = policy }
        }
        return policies
    }

    // MARK: stepgate.yaml

    private mutating func models(_ node: Node?) -> [String: ModelDefinition] {
        guard let node else { return [:] }
        guard let entries = node.entries else {
            reader.error("'models' needs names with a model each", node.range)
            return [:]
        }
        var models: [String: ModelDefinition] = [:]
        for entry in entries {
            var own = ModelReader(reader: reader)
            if let model = own.model(entry.name, entry.value) { models[entry.name] = model }
            reader = own.reader
        }
        return models
    }

    private mutating func attachments(_ written: Node) -> String? {
        guard let node = reader.mapping(written, "'attachments'", keys: ["folder"]),
            let folder = reader.required("folder", in: node, "'attachments'"),
            let path = reader.text(folder, "'folder'")
        else { return nil }
        if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            reader.error(
                "'folder' must be inside the workspace; got \(path)",
                folder.range,
                fix: "write 'Attachments'"
            )
            return nil
        }
        return path
    }

    private mutating func vars(_ node: Node?) -> JSONObject {
        guard let node, let entries = node.entries else { return JSONObject() }
        var vars = JSONObject()
        for entry in entries {
            var value = entry.value.json
            if let text = value.string, let name = reference(text, "env") {
                let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
                let fallback =
                    parts.count == 2 && parts[1].hasPrefix("-") ? String(parts[1].dropFirst()) : nil
                guard let found = environment[parts.first ?? ""] ?? fallback else {
                    reader.error(
                        "the environment variable '\(name)' is not set",
                        entry.value.range,
                        fix: "set it, or write '${env:\(name):-DEFAULT}'"
                    )
                    continue
                }
                value = .string(found)
            }
            vars = vars.setting(entry.name, to: value)
        }
        return vars
    }

    /// Lists by name: a set of texts, or with more columns a map from the first to the row.
    private mutating func lists(_ node: Node?) -> (JSONObject, ExpressionType) {
        var lists = JSONObject()
        var fields: [ObjectType.Field] = []
        for entry in node?.entries ?? [] {
            guard let path = reader.text(entry.value, "a list") else { continue }
            guard let source = text(path) else {
                reader.error("there is no file '\(path)'", entry.value.range)
                continue
            }
            guard let (list, type) = list(source) else { continue }
            lists = lists.setting(entry.name, to: list)
            fields.append(.init(entry.name, type))
        }
        return (lists, .object(ObjectType(fields)))
    }

    /// Both kinds are objects, so that `in` is a look-up however long the list is.
    private mutating func list(_ source: SourceText) -> (JSON, ExpressionType)? {
        let records: [CSV.Record]
        do {
            records = try CSV.records(source.text)
        } catch {
            reader.error(error.message, SourceRange(source, error.offset..<error.offset))
            return nil
        }
        guard let header = records.first else {
            return (.object(JSONObject()), .map(.string, .dyn))
        }
        guard records.count <= Limits.listRows else {
            reader.error(
                "a list may have at most \(Limits.listRows) rows",
                SourceRange(source, 0..<0)
            )
            return nil
        }
        var members: [JSONObject.Member] = []
        var seen: Set<String> = []
        for record in records.dropFirst() {
            let place = SourceRange(source, record.range)
            guard record.cells.count == header.cells.count else {
                reader.error(
                    "this row has \(record.cells.count) cells; the header has "
                        + "\(header.cells.count)",
                    place
                )
                continue
            }
            guard seen.insert(record.cells[0]).inserted else {
                reader.error("'\(record.cells[0])' is there twice", place)
                continue
            }
            let row = zip(header.cells, record.cells).dropFirst().map {
                JSONObject.Member($0, .string($1))
            }
            let value: JSON = row.isEmpty ? true : JSONObject(row).map(JSON.object) ?? .null
            members.append(.init(record.cells[0], value))
        }
        let rowType: ExpressionType =
            header.cells.count == 1
            ? .bool
            : .object(ObjectType(header.cells.dropFirst().map { .init($0, .string) }))
        return (.object(JSONObject(uniqueMembers: members)), .map(.string, rowType))
    }
}

extension ExpressionType {
    /// The type of a value that is known now.
    fileprivate init(value: JSON) {
        switch value {
        case .bool: self = .bool
        case .int: self = .int
        case .uint: self = .uint
        case .double: self = .double
        case .string: self = .string
        default: self = .dyn
        }
    }
}
