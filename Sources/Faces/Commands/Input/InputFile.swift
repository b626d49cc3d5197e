internal import Engine
internal import Platform
internal import Values

/// The format of an input file.
enum InputFormat: String, Sendable, CaseIterable {
    case jsonl
    case csv

    /// By the file's ending; lines of JSON where there is none to go by.
    init(path: String) {
        self = path.lowercased().hasSuffix(".csv") ? .csv : .jsonl
    }
}

/// A line of the input that could not be read, for the report at the end.
struct BadLine: Sendable, Equatable {
    let line: Int
    /// What is wrong, with the column where it is known.
    let message: String
}

/// Reads a file of steps line by line, in constant memory; a bad line is noted and passed over.
struct InputFile: LineSource {
    /// What turns lines into steps.
    struct Options: Sendable {
        let policy: String
        let map: FieldMap?
        /// The field that is the step's key; nothing for the line's number.
        let keyField: String?
        /// Which keys may collide.
        let scope: String
        let source: String
        let caller: String
        /// What the policy's input declares, so that CSV cells get their types.
        let schema: JSON
    }

    private let file: File
    private let options: Options
    private var scanner: RecordScanner
    private var cells: CSVHeader?
    private let format: InputFormat
    private var records: [RecordScanner.Record] = []
    private var taken = 0
    private var places = 0
    private var atEnd = false
    /// Bytes read so far: how far the file has come.
    private(set) var bytesRead = 0
    private(set) var badLines: [BadLine] = []
    private(set) var badLineCount = 0

    private let size: Int

    init(_ file: File, format: InputFormat, size: Int, options: Options) {
        self.file = file
        self.size = size
        self.options = options
        self.format = format
        scanner = RecordScanner(quotes: format == .csv, limit: Limits.lineBytes)
    }

    var fraction: Double? { size > 0 ? Double(bytesRead) / Double(size) : nil }

    mutating func next(_ count: Int) throws -> [JobLine] {
        var lines: [JobLine] = []
        while lines.count < count, let record = try nextRecord() {
            guard let step = read(record) else { continue }
            lines.append(JobLine(place: places, number: record.line, step: step))
            places += 1
        }
        return lines
    }

    /// Notes a line that was read and then refused.
    mutating func note(_ bad: BadLine) {
        badLineCount += 1
        if badLines.count < Limits.badLinesShown { badLines.append(bad) }
    }

    private mutating func nextRecord() throws -> RecordScanner.Record? {
        while taken >= records.count {
            if atEnd { return nil }
            records.removeAll(keepingCapacity: true)
            taken = 0
            let bytes = try file.read(upTo: 1 << 18)
            bytesRead += bytes.count
            if bytes.isEmpty {
                atEnd = true
                if let last = scanner.finish() { records.append(last) }
            } else {
                records = scanner.add(bytes)
            }
        }
        defer { taken += 1 }
        return records[taken]
    }

    private mutating func read(_ record: RecordScanner.Record) -> IncomingStep? {
        guard let bytes = record.bytes else {
            note(
                BadLine(
                    line: record.line,
                    message: "is larger than \(Limits.lineBytes) bytes"
                )
            )
            return nil
        }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
        do throws(BadLine.Reason) {
            guard let fields = try fields(bytes) else { return nil }
            return try step(fields, line: record.line)
        } catch {
            note(BadLine(line: record.line, message: error.message))
            return nil
        }
    }

    private mutating func fields(_ bytes: [UInt8]) throws(BadLine.Reason) -> JSON? {
        switch format {
        case .jsonl:
            let value: JSON
            do {
                value = try JSON.read(bytes)
            } catch {
                throw BadLine.Reason("column \(error.position.column): \(error.message)")
            }
            guard case .object = value else {
                throw BadLine.Reason("must be an object; got \(value.kindWithArticle)")
            }
            return value
        case .csv:
            guard let header = cells else {
                cells = try CSVHeader(bytes, map: options.map, schema: options.schema)
                return nil
            }
            return try header.fields(of: bytes)
        }
    }

    private func step(_ fields: JSON, line: Int) throws(BadLine.Reason) -> IncomingStep {
        var key = "\(line)"
        if let field = options.keyField {
            let value = FieldMap.value(at: FieldMap.path(field[...]), in: fields)
            guard let text = value?.keyText else {
                throw BadLine.Reason("has no text or whole number in the key field '\(field)'")
            }
            key = text
        }
        return IncomingStep(
            policy: options.policy,
            input: input(from: fields),
            key: .init(scope: options.scope, key: key),
            source: options.source,
            caller: options.caller
        )
    }

    /// What is mapped, or the whole line without a key that the policy does not ask for.
    private func input(from fields: JSON) -> JSON {
        if let map = options.map { return map.input(from: fields) }
        guard let keyField = options.keyField, case .object(let object) = fields,
            options.schema["properties"]?[keyField] == nil
        else { return fields }
        return .object(object.removing(keyField))
    }
}

extension BadLine {
    struct Reason: Error {
        let message: String

        init(_ message: String) { self.message = message }
    }
}

extension JSON {
    /// The text of a key: a string that is not empty, or a whole number.
    fileprivate var keyText: String? {
        switch self {
        case .string(let text): text.isEmpty ? nil : text
        case .int(let number): "\(number)"
        case .uint(let number): "\(number)"
        default: nil
        }
    }
}
