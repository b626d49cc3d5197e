internal import Autonomy
internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// What commands about runs are given, read.
enum RunArguments {
    /// The run of that identifier, or the one whose identifier begins so.
    static func run(_ text: String, _ opened: OpenStore) async throws -> Identifier {
        if let id = Identifier(text) { return id }
        let digits = text.lowercased().filter { $0 != "-" }
        guard digits.count >= Limits.prefixCharacters, digits.count < 32,
            let first = [UInt8](hex: digits.padding(to: 32)).flatMap({ Identifier(bytes: $0) })
        else {
            throw CommandFailure.usage(
                "'\(text)' is no identifier of a run, nor \(Limits.prefixCharacters) or more "
                    + "characters that one begins with; 'stepgate run list' lists them"
            )
        }
        var query = RunQuery(limit: 2)
        query.sort = .oldest
        query.after = RunQuery.Cursor(value: nil, run: first.before)
        let found = try await opened.store.runs(query).filter {
            $0.id.description.filter { $0 != "-" }.hasPrefix(digits)
        }
        guard let run = found.first else {
            throw CommandFailure.refused(
                "there is no run that begins with '\(text)'; 'stepgate run list' lists them"
            )
        }
        guard found.count == 1 else {
            throw CommandFailure.refused(
                "more than one run begins with '\(text)': write more of it"
            )
        }
        return run.id
    }

    /// The step of that id, or the one whose id begins so.
    static func step(_ text: String, of flow: Flow) throws(CommandFailure) -> Int {
        if let number = flow.number(of: text) { return number }
        let found = flow.steps.indices.filter { flow.steps[$0].id.hasPrefix(text) }
        if found.count == 1, let number = found.first { return number }
        let near = nearest(text, in: flow.steps.map(\.id)).map { "; did you mean '\($0)'?" }
        throw .refused(
            "flow '\(flow.name)' has no step '\(text)'"
                + (near ?? "; 'stepgate flow show \(flow.name)' shows them")
        )
    }

    /// A value that is written out, or that stands in a file: `{"a": 1}`, `input.json`, `@input.json`.
    static func json(_ call: Invocation, _ option: String) throws -> JSON? {
        guard let text = call[option] else { return nil }
        let isWritten = text.first.map { #"{["0123456789-tfn"#.contains($0) } ?? false
        let path = text.hasPrefix("@") ? String(text.dropFirst()) : text
        let isFile = text.hasPrefix("@") || !isWritten || Folder.exists(path)
        let bytes = isFile ? try Folder.read(path, limit: Limits.lineBytes) : Array(text.utf8)
        do {
            return try JSON.read(bytes)
        } catch {
            let isName = !isFile && !"{[\"".contains(text.prefix(1))
            let hint = isName ? ", and there is no file '\(text)'" : ""
            throw CommandFailure.usage("\(option) is not JSON: \(error)\(hint)")
        }
    }

    /// A length of time such as `30s`.
    static func time(_ call: Invocation, _ option: String) throws(CommandFailure) -> Duration? {
        guard let text = call[option] else { return nil }
        guard let time = NodeReader.duration(text) else {
            throw .usage("\(option) needs a time such as 90s, 2h or 1d; got '\(text)'")
        }
        return time
    }

    static func state(_ text: String) throws(CommandFailure) -> RunState {
        guard let state = RunState(rawValue: text) else {
            let words = RunState.allCases.map(\.rawValue)
            let near = nearest(text, in: words).map { "; did you mean '\($0)'?" } ?? ""
            throw .usage("--state is one of \(words.joined(separator: ", "))\(near)")
        }
        return state
    }
}

extension String {
    fileprivate func padding(to count: Int) -> String {
        self + String(repeating: "0", count: max(0, count - self.count))
    }
}

extension Identifier {
    /// The one before it.
    fileprivate var before: Identifier {
        if low > 0 { return Identifier(high: high, low: low - 1) }
        return high > 0 ? Identifier(high: high - 1, low: .max) : self
    }
}
