extension JSON {
    /// The positions of two equal elements, if there are any.
    ///
    /// A few are compared with each other; more are ordered by a digest of their value first, so
    /// that no list is quadratic.
    static func equalElements(in elements: [JSON]) -> (Int, Int)? {
        if elements.count <= Limits.elementsCompared {
            for (position, element) in elements.enumerated() {
                for earlier in 0..<position where elements[earlier] == element {
                    return (earlier, position)
                }
            }
            return nil
        }
        let digests = elements.enumerated().map { (digest: $1.digest, position: $0) }
        let ordered = digests.sorted { ($0.digest, $0.position) < ($1.digest, $1.position) }
        var found: (Int, Int)?
        for index in ordered.indices.dropFirst() {
            var before = index - 1
            while before >= 0, ordered[before].digest == ordered[index].digest {
                let (first, second) = (ordered[before].position, ordered[index].position)
                if elements[first] == elements[second] {
                    if second < found?.1 ?? .max { found = (first, second) }
                    break
                }
                before -= 1
            }
        }
        return found
    }

    /// A number that equal values have in common, and that nobody can predict.
    private var digest: Int {
        var hasher = Hasher()
        combine(into: &hasher)
        return hasher.finalize()
    }

    private func combine(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .uint(let value): hasher.combine(value)
        case .double(let value):
            if let whole = Int64(exactly: value) {
                hasher.combine(whole)
            } else if let whole = UInt64(exactly: value) {
                hasher.combine(whole)
            } else {
                hasher.combine(value)
            }
        case .string(let text): Self.combine(text, into: &hasher)
        case .array(let elements):
            hasher.combine(elements.count)
            for element in elements { element.combine(into: &hasher) }
        case .object(let object):
            // Members add up, whatever their order.
            var sum = 0
            for member in object.members {
                var own = Hasher()
                Self.combine(member.name, into: &own)
                member.value.combine(into: &own)
                sum &+= own.finalize()
            }
            hasher.combine(sum)
        }
    }

    /// By bytes: Swift's own digest is the same for two spellings of one character.
    private static func combine(_ text: String, into hasher: inout Hasher) {
        let bytes = text.utf8.span
        var word: UInt64 = 0
        for index in bytes.indices {
            word = word << 8 | UInt64(bytes[index])
            if index & 7 == 7 {
                hasher.combine(word)
                word = 0
            }
        }
        hasher.combine(word)
        hasher.combine(bytes.count)
    }
}
