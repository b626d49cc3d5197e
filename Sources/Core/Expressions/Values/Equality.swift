internal import Values

extension ExpressionValue {
    /// CEL's `==`, its steps counted; at most as many as the lighter of the two weighs.
    func equals(
        _ other: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)):
            try frame.read(min(a.utf8.count, b.utf8.count))
            return identical(a, b)
        case (.bytes(let a), .bytes(let b)):
            try frame.read(min(a.count, b.count))
            return a == b
        case (.optional(let a), .optional(let b)):
            guard let mine = a.value, let others = b.value else {
                return a.value == nil && b.value == nil
            }
            try frame.spend(1)
            return try mine.equals(others, &frame)
        case (.list, .list), (.list, .array), (.array, .list), (.array, .array):
            return try equalsList(other, &frame)
        case (.map, .map), (.map, .object), (.object, .map), (.object, .object):
            return try equalsMap(other, &frame)
        default: return self == other
        }
    }

    private func equalsList(
        _ other: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        guard let count = elementCount, count == other.elementCount else { return false }
        for index in 0..<count {
            try frame.spend(1)
            if !(try element(index).equals(other.element(index), &frame)) { return false }
        }
        return true
    }

    private func equalsMap(
        _ other: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> Bool {
        guard memberCount == other.memberCount else { return false }
        for key in keys {
            try frame.spend(1)
            guard let mine = member(key), let others = other.member(key) else { return false }
            try frame.spend(1)
            if !(try mine.equals(others, &frame)) { return false }
        }
        return true
    }

    /// Counts all that lists and maps built by an expression hold, each time it is held.
    ///
    /// Values share their parts, so what is small in memory may be huge when written.
    func walk(_ frame: inout Frame) throws(EvaluationError) {
        switch self {
        case .list(let elements):
            for element in elements {
                try frame.spend(1)
                try element.walk(&frame)
            }
        case .map(let map):
            for entry in map.entries {
                try frame.spend(2)
                try entry.value.walk(&frame)
            }
        case .optional(let optional):
            try frame.spend(1)
            try optional.value?.walk(&frame)
        default: return
        }
    }
}
