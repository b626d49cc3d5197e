/// What the values of a variable are at most, so that a cost can be told before there are any.
package struct InputBounds: Sendable, Equatable {
    /// UTF-8 bytes of one text.
    package var textBytes: Int
    /// Elements of one list, or members of one object.
    package var elements: Int
    /// Bytes of a whole variable, written as JSON without spaces.
    package var bytes: Int

    package init(textBytes: Int = 10_000, elements: Int = 1_000, bytes: Int = 1_000_000) {
        self.textBytes = textBytes
        self.elements = elements
        self.bytes = bytes
    }

    /// Every value takes at least a byte.
    private var weight: Size { Size(bytes) + Size(bytes).read }

    /// What a value of that type is at most.
    func bound(of type: ExpressionType) -> Bound {
        switch type {
        case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type: return .scalar
        case .string, .bytes, .enumeration: return .text(Size(textBytes))
        case .optional(let value): return bound(of: value).wrapped
        case .list(let element):
            return .each(of: bound(of: element), count: Size(elements)).within(weight)
        case .map(let key, let value):
            return Bound.each(
                of: bound(of: key).joined(with: bound(of: value)),
                count: Size(elements) * 2
            ).within(weight)
        case .dyn, .object, .named, .opaque, .parameter:
            return Bound(
                text: Size(textBytes),
                count: Size(elements),
                weight: weight,
                element: weight
            )
        }
    }
}

/// What one value is at most.
///
/// Each number holds for the value and for everything in it, so what is inside a value is within
/// the value's own bound.
struct Bound: Sendable, Equatable {
    /// Bytes of any text.
    var text: Size
    /// Elements of any list, members of any map.
    var count: Size
    /// Steps to walk all of it: one a value, and those of reading its bytes.
    var weight: Size
    /// The weight of the heaviest thing in it.
    var element: Size

    static let scalar = Bound(text: 0, count: 0, weight: 1, element: 0)

    static func text(_ bytes: Size) -> Bound {
        Bound(text: bytes, count: 0, weight: 1 + bytes.read, element: 0)
    }

    /// A container of so many.
    static func each(of inner: Bound, count: Size) -> Bound {
        Bound(
            text: inner.text,
            count: max(inner.count, count),
            weight: 2 + max(count, 1) * inner.weight,
            element: inner.weight
        )
    }

    /// This as the value of an optional.
    var wrapped: Bound {
        Bound(text: text, count: count, weight: weight + 1, element: element + 1)
    }

    /// What one thing in this is at most.
    var inside: Bound {
        Bound(text: text, count: count, weight: max(1, element), element: element)
    }

    func joined(with other: Bound) -> Bound {
        Bound(
            text: max(text, other.text),
            count: max(count, other.count),
            weight: max(weight, other.weight),
            element: max(element, other.element)
        )
    }

    func within(_ weight: Size) -> Bound {
        var bound = self
        bound.weight = min(bound.weight, weight)
        bound.element = min(bound.element, weight)
        return bound
    }

    /// What it is at most, now that its type is known.
    func narrowed(to type: ExpressionType?) -> Bound {
        switch type {
        case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type: .scalar
        case .string, .bytes, .enumeration: .text(text)
        default: self
        }
    }
}

/// What a step costs at most, and what its value is at most.
struct Estimate: Sendable {
    var cost: Size
    var value: Bound

    init(_ cost: Size, _ value: Bound = .scalar) {
        self.cost = cost
        self.value = value
    }
}

/// What is known while a plan's cost is estimated.
struct EstimateScope {
    let bounds: InputBounds
    /// What the variables of comprehensions and bindings are at most, by their places.
    var locals: [Bound]

    init(bounds: InputBounds, locals: Int) {
        self.bounds = bounds
        self.locals = Array(repeating: .scalar, count: locals)
    }

    /// The costs of steps one after another, and all their values in one bound.
    mutating func all(_ nodes: [any PlanNode]) -> (cost: Size, values: [Bound]) {
        var cost: Size = 0
        var values: [Bound] = []
        for node in nodes {
            let estimate = node.estimate(&self)
            cost += estimate.cost
            values.append(estimate.value)
        }
        return (cost, values)
    }
}
