internal import Decisions
internal import Engine
internal import Values

/// Takes one batch in: while a group of lines is committed the next is read, so that a fast upload
/// makes large commits and a slow one waits for nothing.
///
/// One group at a time, so of two lines with one key the first has it. It keeps what is to be told
/// of each line and none of the inputs.
struct BatchIntake {
    /// How an upload ended.
    enum End: Sendable {
        case whole
        case cut
        case tooManyLines
        case tooManyBytes

        /// Why the lines are not answered; what was committed stays.
        var problem: Problem? {
            let kept =
                "the lines before it are decided and kept: send them again with their keys to see "
                + "how they stand, and the rest as another batch"
            switch self {
            case .whole: return nil
            case .cut:
                return Problem(
                    400,
                    "incomplete-body",
                    "The batch was cut",
                    "the lines that came whole are decided and kept"
                )
            case .tooManyLines:
                return Problem(
                    413,
                    "too-large",
                    "The batch has too many lines",
                    "it may have \(Limits.batchLines); \(kept)"
                )
            case .tooManyBytes:
                return Problem(
                    413,
                    "too-large",
                    "The batch is too large",
                    "it may have \(Limits.batchBytes) bytes; \(kept)"
                )
            }
        }
    }

    private enum Event: Sendable {
        case read([UInt8]?)
        case failed(GatewayBody.Failure)
        case decided([BatchLine.Result])
    }

    /// Works on lines together, and gives one result a line in their order.
    typealias Work = @Sendable ([LineScanner.Line]) async -> [BatchLine.Result]

    private let work: Work
    private let notes: RequestNotes
    private let wish: DecisionService.Wish
    private(set) var answers: [BatchAnswer] = []
    private var scanner = LineScanner(limit: Limits.bodyBytes)
    private var received = 0
    private var lines = 0
    private var kept = 0
    private var end: End?

    init(notes: RequestNotes, wish: DecisionService.Wish, work: @escaping Work) {
        self.work = work
        self.notes = notes
        self.wish = wish
    }

    /// Returns when every line that came is committed or known to be wrong.
    mutating func take(_ body: GatewayBody) async -> End {
        await withTaskGroup(of: Event.self) { group in
            var isReading = false
            var isDeciding = false
            while true {
                if !isDeciding {
                    let lines = nextGroup()
                    if !lines.isEmpty {
                        isDeciding = true
                        group.addTask { [work] in .decided(await work(lines)) }
                    }
                }
                if end == nil, !isReading, !isDeciding || scanner.held < Limits.batchAhead {
                    isReading = true
                    group.addTask { await Self.read(body) }
                }
                // An upload that is refused is not waited for.
                guard isDeciding || isReading && end == nil, let event = await group.next() else {
                    break
                }
                switch event {
                case .read(let bytes):
                    isReading = false
                    receive(bytes)
                case .failed(let failure):
                    isReading = false
                    if end == nil { end = failure == .cut ? .cut : .tooManyBytes }
                case .decided(let results):
                    isDeciding = false
                    for result in results { keep(result) }
                }
            }
            group.cancelAll()
        }
        return end ?? .whole
    }

    private static func read(_ body: GatewayBody) async -> Event {
        var iterator = body.makeAsyncIterator()
        do throws(GatewayBody.Failure) {
            return .read(try await iterator.next())
        } catch {
            return .failed(error)
        }
    }

    private mutating func receive(_ bytes: [UInt8]?) {
        guard end == nil else { return }
        guard let bytes else {
            scanner.end()
            end = .whole
            return
        }
        let room = Limits.batchBytes - received
        scanner.add(bytes.prefix(room))
        received += bytes.count
        if bytes.count > room { end = .tooManyBytes }
    }

    /// The lines that are there, up to what is committed together.
    private mutating func nextGroup() -> [LineScanner.Line] {
        var group: [LineScanner.Line] = []
        var bytes = 0
        while group.count < Limits.batchGroup, bytes < Limits.bodyBytes, end != .tooManyLines,
            let line = scanner.next()
        {
            if lines == Limits.batchLines {
                end = .tooManyLines
                break
            }
            lines += 1
            bytes += line.bytes?.count ?? 0
            group.append(line)
        }
        return group
    }

    private mutating func keep(_ result: BatchLine.Result) {
        switch result.outcome {
        case .started(let bytes):
            kept += bytes.count
            answers.append(BatchAnswer(line: result.line, told: .bytes(bytes)))
        case .decided(let view):
            notes.note(view.record)
            guard wish.isDone(view.record.state) else {
                answers.append(BatchAnswer(line: result.line, told: .decision(view.record.id)))
                return
            }
            let bytes = BatchAnswer.bytes(result.line, view)
            let hasRoom = kept + bytes.count <= Limits.batchAnswerBytes
            if hasRoom { kept += bytes.count }
            answers.append(
                BatchAnswer(
                    line: result.line,
                    told: hasRoom ? .bytes(bytes) : .decision(view.record.id)
                )
            )
        case .failed(let problem):
            var bytes = BatchAnswer.bytes(result.line, problem)
            if kept + bytes.count > Limits.batchAnswerBytes {
                let detail = "too much is wrong with this batch to tell it all: send the line alone"
                bytes = BatchAnswer.bytes(
                    result.line,
                    Problem(problem.status, problem.code, problem.title, detail)
                )
            } else {
                kept += bytes.count
            }
            answers.append(BatchAnswer(line: result.line, told: .bytes(bytes)))
        }
    }
}

/// A line of a batch on its way to a decision.
struct BatchLine: Sendable {
    enum Outcome: Sendable {
        case decided(DecisionView)
        /// What is told of a run that the line began.
        case started([UInt8])
        case failed(Problem)
    }

    struct Result: Sendable {
        let line: Int
        let outcome: Outcome
    }

    let number: Int
    let step: IncomingStep
}

extension Gateway {
    /// Decides lines together, one commit a policy; one result a line, in their order.
    func decide(
        _ lines: [LineScanner.Line],
        for visitor: Visitor
    ) async -> [BatchLine.Result] {
        // An upload may last, and a token that was revoked meanwhile is worth nothing.
        do throws(Problem) {
            try await check(visitor)
        } catch {
            return lines.map { BatchLine.Result(line: $0.number, outcome: .failed(error)) }
        }
        var results: [BatchLine.Result] = []
        var byPolicy: [String: [BatchLine]] = [:]
        for line in lines {
            do throws(Problem) {
                // The first is the request itself, which is paid for.
                if line.number > 1 { _ = try gatekeeper.take(1, of: visitor.token) }
                let step = try step(line, for: visitor)
                byPolicy[step.policy, default: []].append(
                    BatchLine(number: line.number, step: step)
                )
            } catch {
                results.append(BatchLine.Result(line: line.number, outcome: .failed(error)))
            }
        }
        await withTaskGroup(of: [BatchLine.Result].self) { group in
            for (policy, lines) in byPolicy {
                group.addTask { await self.submit(lines, under: policy) }
            }
            for await decided in group { results += decided }
        }
        return results.sorted { $0.line < $1.line }
    }

    private func submit(_ lines: [BatchLine], under policy: String) async -> [BatchLine.Result] {
        do throws(EngineError) {
            let begun = try await service.submit(lines.map(\.step), under: policy)
            return zip(lines, begun).map { line, begun in
                do throws(Problem) {
                    return BatchLine.Result(line: line.number, outcome: .decided(try view(begun)))
                } catch {
                    return BatchLine.Result(line: line.number, outcome: .failed(error))
                }
            }
        } catch {
            let problem = Problem(error)
            return lines.map { BatchLine.Result(line: $0.number, outcome: .failed(problem)) }
        }
    }

    private func step(
        _ line: LineScanner.Line,
        for visitor: Visitor
    ) throws(Problem) -> IncomingStep {
        let body = try line.read(by: Self.line)
        let (policy, input, callback) = try question(body, visitor)
        return step(policy, input, key: body["key"]?.string, callback, visitor)
    }

    private static let line = Components.compiled(Components.ref("BatchLine"))
}

extension LineScanner.Line {
    /// The line as JSON that fits a schema.
    func read(by schema: Schema) throws(Problem) -> JSON {
        guard let bytes else {
            throw Problem(
                413,
                "too-large",
                "The line is too large",
                "line \(number) has more than \(Limits.bodyBytes) bytes"
            )
        }
        let body: JSON
        do {
            body = try JSON.read(bytes)
        } catch {
            let place = SourcePosition(
                line: number,
                column: error.position.column,
                offset: error.position.offset
            )
            let told = JSONError(
                error.code,
                error.message,
                fix: error.fix,
                position: place,
                pointer: error.pointer
            )
            throw Problem(400, "invalid-json", "The line is not JSON", told.description)
        }
        if let problem = Problem(misfit: schema.validate(body), of: "line") { throw problem }
        return body
    }
}
