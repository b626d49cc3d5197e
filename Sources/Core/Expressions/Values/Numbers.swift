/// Numbers of all three kinds on one line.
///
/// An integer beside a double is rounded to one, as the
/// specification's own cases have it.
enum Numbers {
    enum Order { case less, equal, greater, unordered }

    static func order(_ left: ExpressionValue, _ right: ExpressionValue) -> Order {
        switch (left, right) {
        case (.int(let a), .int(let b)): return compare(a, b)
        case (.uint(let a), .uint(let b)): return compare(a, b)
        case (.int(let a), .uint(let b)): return a < 0 ? .less : compare(UInt64(a), b)
        case (.uint(let a), .int(let b)): return b < 0 ? .greater : compare(a, UInt64(b))
        default:
            guard let a = left.double, let b = right.double, !a.isNaN, !b.isNaN else {
                return .unordered
            }
            return compare(a, b)
        }
    }

    private static func compare<Number: Comparable>(_ a: Number, _ b: Number) -> Order {
        a < b ? .less : a == b ? .equal : .greater
    }
}

extension ExpressionValue {
    fileprivate var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
