/// The order of two JSON numbers on one number line, exact across integers and doubles.
package enum NumberOrder: Sendable {
    case less
    case equal
    case greater

    /// Both must be numbers.
    package static func compare(_ left: JSON, _ right: JSON) -> NumberOrder {
        switch (left, right) {
        case (.int(let a), .int(let b)): of(a, b)
        case (.uint(let a), .uint(let b)): of(a, b)
        case (.double(let a), .double(let b)): of(a, b)
        case (.int, .uint): .less
        case (.uint, .int): .greater
        case (.int(let a), .double(let b)): of(a, b)
        case (.uint(let a), .double(let b)): of(a, b)
        case (.double(let a), .int(let b)): of(b, a).flipped
        case (.double(let a), .uint(let b)): of(b, a).flipped
        default: preconditionFailure("only numbers are on the number line")
        }
    }

    private static func of<Number: Comparable>(_ a: Number, _ b: Number) -> NumberOrder {
        a < b ? .less : a == b ? .equal : .greater
    }

    /// Swift compares an integer and a double by their exact values.
    private static func of(_ a: some BinaryInteger, _ b: Double) -> NumberOrder {
        if let whole = Int64(exactly: b.rounded(.down)) {
            if a < whole { return .less }
            if a > whole { return .greater }
            return b > b.rounded(.down) ? .less : .equal
        }
        if let whole = UInt64(exactly: b.rounded(.down)) {
            if a < whole { return .less }
            if a > whole { return .greater }
            return .equal
        }
        return b > 0 ? .less : .greater
    }

    private var flipped: NumberOrder {
        switch self {
        case .less: .greater
        case .equal: .equal
        case .greater: .less
        }
    }
}
