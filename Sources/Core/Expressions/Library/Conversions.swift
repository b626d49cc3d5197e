internal import Values

/// Conversions from one type to another.
enum Conversions {
    static let functions: [String: LibraryFunction] = [
        "int": .reading(int), "uint": .reading(uint), "double": .reading(double),
        "bool": .reading(bool), "string": .writing(1, string), "bytes": .writing(1, bytes),
        "timestamp": .reading(timestamp), "duration": .reading(duration),
    ]

    private static let int: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .int(let value)?: return .int(value)
        case .uint(let value)?: return .int(try inRange(Int64(exactly: value)))
        case .double(let value)?:
            // The ends of the range are open: they round to integers beyond it.
            guard value > -0x1p63, value < 0x1p63 else { throw outOfRange }
            return .int(Int64(value))
        case .string(let text)?:
            try frame.read(text.utf8.count)
            return .int(try readable(Int64(text), "an int"))
        case .timestamp(let value)?: return .int(value.seconds)
        case .duration(let value)?: return .int(value.seconds)
        default: throw Library.noOverload("int", arguments)
        }
    }

    private static let uint: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .int(let value)?: return .uint(try inRange(UInt64(exactly: value)))
        case .uint(let value)?: return .uint(value)
        case .double(let value)?:
            guard value > -1, value < 0x1p64 else { throw outOfRange }
            return .uint(UInt64(value))
        case .string(let text)?:
            try frame.read(text.utf8.count)
            return .uint(try readable(UInt64(text), "a uint"))
        default: throw Library.noOverload("uint", arguments)
        }
    }

    private static let double: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .int(let value)?: return .double(Double(value))
        case .uint(let value)?: return .double(Double(value))
        case .double(let value)?: return .double(value)
        case .string(let text)?:
            try frame.read(text.utf8.count)
            return .double(try readable(Double(text), "a double"))
        default: throw Library.noOverload("double", arguments)
        }
    }

    private static let bool: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch arguments.first {
        case .bool(let value)?: return .bool(value)
        case .string(let text)?:
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
            case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
            default: throw EvaluationError(.invalidArgument, "the text is no bool")
            }
        default: throw Library.noOverload("bool", arguments)
        }
    }

    private static let string: Library.Body = { (arguments, frame) throws(EvaluationError) in
        guard arguments.count == 1, let text = arguments[0].text else {
            if case .bytes? = arguments.first {
                throw EvaluationError(.invalidArgument, "the bytes are no UTF-8")
            }
            throw Library.noOverload("string", arguments)
        }
        try frame.read(2 * text.utf8.count)
        return .string(text)
    }

    private static let bytes: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .bytes(let value)?: return .bytes(value)
        case .string(let text)?:
            try frame.read(2 * text.utf8.count)
            return .bytes(Array(text.utf8))
        default: throw Library.noOverload("bytes", arguments)
        }
    }

    private static let timestamp: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .timestamp(let value)?: return .timestamp(value)
        case .int(let value)?:
            return .timestamp(try inRange(Timestamp(seconds: value, nanoseconds: 0)))
        case .string(let text)?:
            try frame.read(text.utf8.count)
            return .timestamp(try readable(Timestamp(text), "a timestamp"))
        default: throw Library.noOverload("timestamp", arguments)
        }
    }

    private static let duration: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch arguments.first {
        case .duration(let value)?: return .duration(value)
        case .int(let value)?:
            return .duration(try inRange(Span(seconds: value, nanoseconds: 0)))
        case .string(let text)?:
            try frame.read(text.utf8.count)
            return .duration(try readable(Span(text), "a duration"))
        default: throw Library.noOverload("duration", arguments)
        }
    }

    private static let outOfRange = EvaluationError(
        .outOfRange,
        "the number is out of the range of the type"
    )

    private static func inRange<Value>(_ value: Value?) throws(EvaluationError) -> Value {
        guard let value else { throw outOfRange }
        return value
    }

    private static func readable<Value>(
        _ value: Value?,
        _ what: String
    ) throws(EvaluationError) -> Value {
        guard let value else {
            throw EvaluationError(.invalidArgument, "the text is not \(what)")
        }
        return value
    }
}

extension ExpressionValue {
    /// The value as `string()` and templates write it; nothing for what has no text.
    var text: String? {
        switch self {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .uint(let value): return String(value)
        case .double(let value):
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Infinity" : "+Infinity" }
            return JSON.ecmaScript(value)
        case .bytes(let bytes): return String(validating: bytes, as: UTF8.self)
        case .timestamp(let value): return value.text
        case .duration(let value): return value.text
        case .network(let value): return value.text
        default: return nil
        }
    }
}
