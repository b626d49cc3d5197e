internal import Values

/// Values that are looked up by hash instead of being walked, equal as CEL's `==` has it.
struct ValueIndex: Sendable {
    private var ints: Set<Int64> = []
    private var uints: Set<UInt64> = []
    private var doubles: Set<Double> = []
    /// The ints and uints as the doubles that they are equal to.
    private var rounded: Set<Double> = []
    private var texts: Set<TextKey> = []
    private var others: [Int: [ExpressionValue]] = [:]

    /// How many values of one hash are told apart: all inside which numbers round alike.
    static let alike = 8

    init() {}

    /// Of constants that `canHold` says it can.
    init(constants: [ExpressionValue]) {
        for value in constants { add(value) }
    }

    /// Whether these can all be looked up without their parts being walked.
    static func canHold(_ constants: [ExpressionValue]) -> Bool {
        constants.allSatisfy {
            switch $0 {
            case .int, .uint, .double, .string: true
            default: false
            }
        }
    }

    /// Adds a number or a text; not anything else.
    @discardableResult
    private mutating func add(_ value: ExpressionValue) -> Bool {
        switch value {
        case .int(let value):
            ints.insert(value)
            rounded.insert(Double(value))
        case .uint(let value):
            uints.insert(value)
            rounded.insert(Double(value))
        // NaN is equal to nothing, so it is never found.
        case .double(let value): if !value.isNaN { doubles.insert(value) }
        case .string(let text): texts.insert(TextKey(text))
        default: return false
        }
        return true
    }

    func contains(
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        switch value {
        case .int(let value):
            return ints.contains(value) || doubles.contains(Double(value))
                || value >= 0 && uints.contains(UInt64(value))
        case .uint(let value):
            return uints.contains(value) || doubles.contains(Double(value))
                || (Int64(exactly: value).map(ints.contains) ?? false)
        case .double(let value): return doubles.contains(value) || rounded.contains(value)
        case .string(let text):
            try frame.read(text.utf8.count)
            return texts.contains(TextKey(text))
        default:
            guard let known = others[try value.digest(&frame)] else { return false }
            for candidate in known where try candidate.equals(value, &frame) { return true }
            return false
        }
    }

    /// Whether it was not there before.
    mutating func insert(
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        if try contains(value, &frame) { return false }
        if add(value) { return true }
        let hash = try value.digest(&frame)
        guard others[hash, default: []].count < Self.alike else {
            throw EvaluationError(.cost, "too many of the values are hard to tell apart")
        }
        others[hash, default: []].append(value)
        return true
    }

    /// What looking up or adding one value costs at most.
    static func estimate(_ value: Bound) -> Size {
        4 + value.weight * Size(3 + alike)
    }
}

extension ExpressionValue {
    /// A hash that equal values have in common.
    func digest(_ frame: inout Frame) throws(EvaluationError) -> Int {
        var hasher = Hasher()
        try hash(into: &hasher, &frame)
        return hasher.finalize()
    }

    private func hash(into hasher: inout Hasher, _ frame: inout Frame) throws(EvaluationError) {
        try frame.spend(1)
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(Double(value))
        case .uint(let value): hasher.combine(Double(value))
        case .double(let value): hasher.combine(value)
        case .string(let text):
            try frame.read(text.utf8.count)
            hasher.combine(text)
        case .bytes(let bytes):
            try frame.read(bytes.count)
            hasher.combine(bytes)
        case .timestamp(let value): hasher.combine(value)
        case .duration(let value): hasher.combine(value)
        case .type(let name): hasher.combine(name)
        case .network(let value): hasher.combine(value)
        case .optional(let value): try value.value?.hash(into: &hasher, &frame)
        case .list, .array:
            let count = elementCount ?? 0
            hasher.combine(count)
            for index in 0..<count { try element(index).hash(into: &hasher, &frame) }
        case .map, .object:
            var sum = 0
            for key in keys {
                var own = Hasher()
                try key.hash(into: &own, &frame)
                try member(key)?.hash(into: &own, &frame)
                sum &+= own.finalize()
            }
            hasher.combine(sum)
        }
    }
}
