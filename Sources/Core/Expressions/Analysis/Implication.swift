internal import Values

extension Program {
    /// Whether it is false whatever its variables are.
    package var isConstantFalse: Bool {
        if case .bool(false)? = constant { return true }
        return Constraint.alternatives(of: checked.tree.root).map(\.isEmpty) ?? false
    }

    /// Whether the other condition holds wherever this one does.
    ///
    /// By reasoning over single fields: intervals, equalities and lists. Not told whether `false` means no or unknown.
    package func implies(_ other: Program) -> Bool {
        if checked.tree.root.isSame(as: other.checked.tree.root) { return true }
        guard let mine = Constraint.alternatives(of: checked.tree.root),
            let others = Constraint.alternatives(of: other.checked.tree.root, mustBeExact: true)
        else { return false }
        return !mine.isEmpty
            && mine.allSatisfy { one in others.contains { one.implies($0) } }
    }
}

/// What a conjunction says of single fields.
struct Constraint {
    /// What is allowed of one field.
    struct Allowed {
        var low: Double?
        var lowIsOpen = false
        var high: Double?
        var highIsOpen = false
        var members: [JSON]?
        var excluded: [JSON] = []

        var isEmpty: Bool {
            if let members { return members.isEmpty }
            guard let low, let high else { return false }
            return low > high || low == high && (lowIsOpen || highIsOpen)
        }

        func allows(_ value: JSON) -> Bool {
            if excluded.contains(value) { return false }
            if let members, !members.contains(value) { return false }
            guard let number = value.number else { return low == nil && high == nil }
            if let low, number < low || lowIsOpen && number == low { return false }
            if let high, number > high || highIsOpen && number == high { return false }
            return true
        }

        mutating func intersect(_ other: Allowed) {
            if let theirs = other.low {
                if low.map({ theirs > $0 }) ?? true {
                    (low, lowIsOpen) = (theirs, other.lowIsOpen)
                } else if low == theirs {
                    lowIsOpen = lowIsOpen || other.lowIsOpen
                }
            }
            if let theirs = other.high {
                if high.map({ theirs < $0 }) ?? true {
                    (high, highIsOpen) = (theirs, other.highIsOpen)
                } else if high == theirs {
                    highIsOpen = highIsOpen || other.highIsOpen
                }
            }
            excluded += other.excluded
            if let theirs = other.members {
                members = members.map { $0.filter(theirs.contains) } ?? theirs
            }
            if let known = members {
                var rest = self
                rest.members = nil
                members = known.filter(rest.allows)
            }
        }

        /// Whether everything allowed here is allowed there.
        func isWithin(_ other: Allowed) -> Bool {
            if let members { return members.allSatisfy(other.allows) }
            guard other.members == nil else { return false }
            if let theirs = other.low {
                guard let low, low > theirs || low == theirs && (lowIsOpen || !other.lowIsOpen)
                else { return false }
            }
            if let theirs = other.high {
                guard let high, high < theirs || high == theirs && (highIsOpen || !other.highIsOpen)
                else { return false }
            }
            return other.excluded.allSatisfy { !allows($0) }
        }
    }

    private(set) var fields: [[String]: Allowed] = [:]

    private init(_ path: [String], _ allowed: Allowed) { fields[path] = allowed }

    private init() {}

    func implies(_ other: Constraint) -> Bool {
        other.fields.allSatisfy { path, allowed in
            fields[path].map { $0.isWithin(allowed) } ?? false
        }
    }

    private func and(_ other: Constraint) -> Constraint? {
        var both = self
        for (path, allowed) in other.fields {
            both.fields[path, default: Allowed()].intersect(allowed)
        }
        return both.fields.values.contains(where: \.isEmpty) ? nil : both
    }

    /// The disjunction of constraints that a condition amounts to, impossible ones left out.
    ///
    /// A part that cannot be read is passed over, which leaves the rest weaker than the condition:
    /// right for what implies, wrong for what is implied, which must be read exactly.
    static func alternatives(
        of node: SyntaxNode,
        mustBeExact: Bool = false
    ) -> [Constraint]? {
        switch node.form {
        case .and(let left, let right):
            let (a, b) = (
                alternatives(of: left, mustBeExact: mustBeExact),
                alternatives(of: right, mustBeExact: mustBeExact)
            )
            guard let a, let b else { return mustBeExact ? nil : a ?? b }
            guard a.count * b.count <= Limits.alternatives else { return nil }
            return a.flatMap { one in b.compactMap { one.and($0) } }
        case .or(let left, let right):
            guard let a = alternatives(of: left, mustBeExact: mustBeExact),
                let b = alternatives(of: right, mustBeExact: mustBeExact),
                a.count + b.count <= Limits.alternatives
            else { return nil }
            return a + b
        case .binary(let sign, let left, let right):
            if let path = left.path, let values = right.constants {
                return field(path, sign, values)
            }
            if let path = right.path, let values = left.constants, let flipped = sign.flipped {
                return field(path, flipped, values)
            }
            return nil
        default: return nil
        }
    }

    private static func field(
        _ path: [String],
        _ sign: BinaryOperator,
        _ values: [JSON]
    ) -> [Constraint]? {
        var allowed = Allowed()
        switch sign {
        case .isIn, .equal:
            allowed.members = values
        case .notEqual:
            allowed.excluded = values
        case .less, .lessOrEqual:
            guard let bound = values.first?.number else { return nil }
            (allowed.high, allowed.highIsOpen) = (bound, sign == .less)
        case .greater, .greaterOrEqual:
            guard let bound = values.first?.number else { return nil }
            (allowed.low, allowed.lowIsOpen) = (bound, sign == .greater)
        default: return nil
        }
        return [Constraint(path, allowed)]
    }
}

extension BinaryOperator {
    /// The sign with its sides exchanged.
    fileprivate var flipped: BinaryOperator? {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual: self
        default: nil
        }
    }
}

extension SyntaxNode {
    /// One constant, or those of a list.
    fileprivate var constants: [JSON]? {
        switch form {
        case .literal(let value): return value.json.map { [$0] }
        case .list(let elements):
            var all: [JSON] = []
            for element in elements {
                guard !element.isOptional, case .literal(let value) = element.value.form,
                    let json = value.json
                else { return nil }
                all.append(json)
            }
            return all
        default: return nil
        }
    }

    /// Whether both were written alike, white space apart, for the forms conditions are made of.
    fileprivate func isSame(as other: SyntaxNode) -> Bool {
        switch (form, other.form) {
        case (.literal(let a), .literal(let b)): a.typeName == b.typeName && a == b
        case (.name, .name), (.select, .select): path != nil && path == other.path
        case (.has(let a, let f, _), .has(let b, let g, _)): f == g && a.isSame(as: b)
        case (.not(let a), .not(let b)): a.isSame(as: b)
        case (.and(let a, let c), .and(let b, let d)), (.or(let a, let c), .or(let b, let d)):
            a.isSame(as: b) && c.isSame(as: d)
        case (.binary(let s, let a, let c), .binary(let t, let b, let d)):
            s == t && a.isSame(as: b) && c.isSame(as: d)
        case (.method(let a, let m, let x), .method(let b, let n, let y)):
            m == n && x.count == y.count && a.isSame(as: b)
                && zip(x, y).allSatisfy { $0.isSame(as: $1) }
        case (.list(let a), .list(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.value.isSame(as: $1.value) }
        default: false
        }
    }
}
