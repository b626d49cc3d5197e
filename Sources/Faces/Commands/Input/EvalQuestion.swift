internal import Documents
internal import Expressions
internal import Platform
internal import Values

/// An expression with all that it may refer to: what `eval` is asked.
struct EvalQuestion: Sendable {
    struct Named: Sendable {
        let variable: Variable
        let value: ExpressionValue
    }

    let text: String
    let variables: [Named]
    /// Steps.
    let limit: Int

    /// Compiles and evaluates; what is wrong with the expression is in the diagnostics.
    ///
    /// What each part came to is worked out when it was asked for, or to say where it failed.
    func answer(
        explaining: Bool,
        zones: @escaping ZoneLookup
    ) throws(Diagnostics) -> EvalReport {
        let environment = ExpressionEnvironment(variables: variables.map(\.variable), zones: zones)
        let program = try environment.compile(SourceFragment(name: "<expression>", text: text))
        var bindings = Bindings(environment)
        for named in variables { bindings.set(named.variable.name, to: named.value) }
        let evaluation = program.evaluate(bindings, within: CostLimit(steps: limit))
        var hasFailed = false
        if case .failure = evaluation.result { hasFailed = true }
        return EvalReport(
            program: program,
            evaluation: evaluation,
            operands: explaining || hasFailed ? environment.operands(of: program, bindings) : []
        )
    }
}

extension EvalQuestion {
    /// Reads what the options say of variables: `input`, `now`, and those of `--var`.
    init(_ call: Invocation, text: String, input: EvalInput?, now: Instant) throws(CommandFailure) {
        self.text = text
        limit = try call.number(
            "--limit",
            in: 1...Expressions.Limits.cost,
            default: Expressions.Limits.cost
        )
        let now =
            try call["--now"].map { text throws(CommandFailure) in
                guard let instant = Instant(rfc3339: text) else {
                    throw .usage("--now takes a time such as 2026-01-31T08:00:00Z; got '\(text)'")
                }
                return instant
            } ?? now
        var all = [
            Named(variable: Variable("now", .timestamp), value: .timestamp(Timestamp(now)))
        ]
        if let input {
            all.insert(
                Named(variable: Variable("input", input.type), value: ExpressionValue(input.value)),
                at: 0
            )
        }
        let further = call.all("--var")
        if further.count > Limits.variables {
            throw .usage("--var can be given at most \(Limits.variables) times")
        }
        for written in further {
            let named = try Self.variable(written)
            let taken = ["input", "now"] + all.map(\.variable.name)
            if taken.contains(named.variable.name) {
                throw .usage("--var \(named.variable.name): there is one of that name already")
            }
            all.append(named)
        }
        variables = all
    }

    /// Reads `NAME=JSON`.
    private static func variable(_ written: String) throws(CommandFailure) -> Named {
        let parts = written.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard parts.count == 2, isName(name) else {
            throw .usage("--var takes NAME=JSON, such as --var 'tier=\"gold\"'; got '\(written)'")
        }
        do throws(JSONError) {
            let value = ExpressionValue(try JSON.read(String(parts[1])))
            return Named(variable: Variable(name, .dyn), value: value)
        } catch {
            throw .usage(
                "--var \(name) is no JSON: \(error); a text is written --var '\(name)=\"…\"'"
            )
        }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F
        }
    }
}

/// The `input` of an expression, and the schema it is held against.
struct EvalInput: Sendable {
    /// What a person calls it.
    let name: String
    let value: JSON
    let schema: Schema?

    var type: ExpressionType { schema.map { ExpressionType(schema: $0.document) } ?? .dyn }

    /// Every way in which the input does not fit; none without a schema.
    var failures: [SchemaFailure] { schema?.validate(value) ?? [] }

    init(name: String, value: JSON, schema: Schema?) {
        self.name = name
        self.value = value
        self.schema = schema
    }

    /// Reads the files that the options name; nothing without `--input`.
    init?(_ call: Invocation) throws {
        guard let path = call["--input"] else {
            if call["--schema"] != nil {
                throw CommandFailure.usage(
                    "--schema says what the input is: give it with --input FILE; - is standard "
                        + "input"
                )
            }
            return nil
        }
        schema = try call["--schema"].map { path in
            let bytes = try Self.bytes(path)
            let source = try SourceText.decoding(name: path, bytes: bytes)
            return try Schema.reading(fileNode: try YAMLReader().read(source))
        }
        name = path == "-" ? "standard input" : path
        let bytes = path == "-" ? try Self.standardInput() : try Self.bytes(path)
        do throws(JSONError) {
            value = try JSON.read(bytes)
        } catch {
            throw CommandFailure(code: .badLines, message: "\(name) is no JSON: \(error)")
        }
    }

    private static func standardInput() throws -> [UInt8] {
        try File.standardInput.readAll(limit: Limits.evaluatedBytes)
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        if Folder.isFolder(path) {
            throw CommandFailure.usage("a file is needed; \(path) is a folder")
        }
        return try Folder.read(path, limit: Limits.evaluatedBytes)
    }
}
