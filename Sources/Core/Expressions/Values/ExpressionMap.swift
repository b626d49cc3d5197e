internal import Values

/// A map that an expression built; keys are bool, int, uint or string.
package struct ExpressionMap: Sendable {
    package typealias Entry = (key: ExpressionValue, value: ExpressionValue)

    package private(set) var entries: [Entry] = []
    /// The place of each key, once walking them all would take longer.
    private var places: [MapKey: Int] = [:]

    private static let walked = 8

    package init() {}

    /// A map by names.
    package init(_ members: KeyValuePairs<String, ExpressionValue>) {
        for (name, value) in members { _ = insert(.string(name), value) }
    }

    /// Not when the key is there already, or can be none.
    mutating func insert(_ key: ExpressionValue, _ value: ExpressionValue) -> Bool {
        guard let exact = MapKey(key), place(of: exact, key) == nil else { return false }
        if entries.count == Self.walked {
            for (place, entry) in entries.enumerated() {
                if let known = MapKey(entry.key) { places[known] = place }
            }
        }
        if entries.count >= Self.walked { places[exact] = entries.count }
        entries.append((key, value))
        return true
    }

    subscript(key: ExpressionValue) -> ExpressionValue? {
        guard let exact = MapKey(key), let place = place(of: exact, key) else { return nil }
        return entries[place].value
    }

    private func place(of exact: MapKey, _ key: ExpressionValue) -> Int? {
        places.isEmpty ? entries.firstIndex { $0.key == key } : places[exact]
    }
}

/// A text that is the same as another only when their bytes are.
struct TextKey: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: TextKey, right: TextKey) -> Bool { identical(left.text, right.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// The key of a map; the same number is the same key whether it is an int or a uint.
enum MapKey: Hashable, Sendable {
    case bool(Bool)
    case int(Int64)
    /// Beyond the ints.
    case uint(UInt64)
    case text(TextKey)

    init?(_ value: ExpressionValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map(MapKey.int) ?? .uint(value)
        case .string(let text): self = .text(TextKey(text))
        default: return nil
        }
    }
}
