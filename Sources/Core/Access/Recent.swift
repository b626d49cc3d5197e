/// A bounded table that forgets what was not written for longest.
///
/// It holds two generations: when the younger is full it becomes the older, and the older is gone.
/// So nothing is searched to make room, and the last `limit` keys written are always there.
package struct Recent<Key: Hashable & Sendable, Value: Equatable & Sendable>: Sendable, Equatable {
    private let limit: Int
    private var younger: [Key: Value] = [:]
    private var older: [Key: Value] = [:]

    package init(limit: Int) { self.limit = limit }

    var count: Int { younger.count + older.count }

    package subscript(key: Key) -> Value? {
        get { younger[key] ?? older[key] }
        set {
            older[key] = nil
            if newValue != nil, younger[key] == nil, younger.count >= limit {
                older = younger
                younger = [:]
            }
            younger[key] = newValue
        }
    }
}
