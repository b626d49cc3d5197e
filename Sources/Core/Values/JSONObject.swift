/// The members of a JSON object, in the order they were written, each name once.
///
/// Look-up is a walk for the small objects that steps are, and a binary search over an index of
/// the names for larger ones, so neither builds a hash table.
package struct JSONObject: Sendable {
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    private static let walkLimit = 24

    package private(set) var members: [Member]
    /// Positions of `members` ordered by name; empty while a walk is as fast.
    private var order: [Int]

    package init() {
        members = []
        order = []
    }

    /// Takes members whose names are known to differ; a repeated name is a programming error.
    package init(uniqueMembers members: [Member]) {
        guard let object = JSONObject(members) else {
            preconditionFailure("an object was built with a name twice")
        }
        self = object
    }

    /// Nothing when a name is there twice.
    package init?(_ members: [Member]) {
        self.members = members
        order = []
        if members.count > Self.walkLimit {
            order = members.indices.sorted { Self.precedes(members[$0].name, members[$1].name) }
            for (a, b) in zip(order, order.dropFirst())
            where identical(members[a].name, members[b].name) { return nil }
        } else {
            for (index, member) in members.enumerated() {
                for earlier in members[..<index] where identical(earlier.name, member.name) {
                    return nil
                }
            }
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        let mine = left.utf8.span
        let others = right.utf8.span
        for index in 0..<min(mine.count, others.count) where mine[index] != others[index] {
            return mine[index] < others[index]
        }
        return mine.count < others.count
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var names: [String] { members.map(\.name) }

    package subscript(name: String) -> JSON? {
        if order.isEmpty {
            for member in members where identical(member.name, name) { return member.value }
            return nil
        }
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            let candidate = members[order[middle]]
            if identical(candidate.name, name) { return candidate.value }
            if Self.precedes(candidate.name, name) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// This object with that member set, in its old place or at the end.
    package func setting(_ name: String, to value: JSON) -> JSONObject {
        var changed = members
        if let index = members.firstIndex(where: { identical($0.name, name) }) {
            changed[index] = Member(name, value)
        } else {
            changed.append(Member(name, value))
        }
        return JSONObject(uniqueMembers: changed)
    }

    /// This object without that member.
    package func removing(_ name: String) -> JSONObject {
        JSONObject(uniqueMembers: members.filter { !identical($0.name, name) })
    }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && left.members.allSatisfy { member in
                guard let other = right[member.name] else { return false }
                return other == member.value
            }
    }
}

/// Whether two texts have the same bytes; Swift's `==` also equates spellings of one character.
package func identical(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count, left == right else { return false }
    let mine = left.utf8.span
    let others = right.utf8.span
    for index in mine.indices where mine[index] != others[index] { return false }
    return true
}
