internal import Expressions
package import Values

/// What an event must be about for a step to take it: one field of it and the value that it must have.
///
/// It is found by both, so that an event asks those alone who wait for it.
package struct EventSubject: Sendable, Equatable {
    /// Stands in no path and no value, since both are JSON.
    package static let separator: Character = "\u{1F}"

    /// The names from the event to its field as a JSON array.
    package let path: String
    /// As canonical JSON; the digest of a long one.
    package let value: String

    /// Nothing for a value that is not found by its text.
    init?(path: [String], value: ExpressionValue) {
        guard let text = value.equalityText else { return nil }
        self.path = Self.text(of: path)
        self.value =
            text.utf8.count <= Limits.subjectBytes ? text : "#" + Digest(of: Array(text.utf8)).hex
    }

    private init(path: String, value: String) {
        (self.path, self.value) = (path, value)
    }

    private static func text(of path: [String]) -> String {
        String(decoding: JSON.array(path.map(JSON.string)).canonicalBytes, as: UTF8.self)
    }

    /// For people: `data.order is "o-1"`.
    package var words: String {
        "\(names.joined(separator: ".")) is \(value)"
    }

    /// What waits for an event of that type about this is found by.
    package func key(in type: String) -> String {
        "\(type)\(Self.separator)\(path)\(Self.separator)\(value)"
    }

    /// The parts of a key; nothing for one that is a type alone.
    package static func read(_ key: String) -> (type: String, about: EventSubject)? {
        let parts = key.split(separator: separator, maxSplits: 2, omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 3 else { return nil }
        return (parts[0], EventSubject(path: parts[1], value: parts[2]))
    }

    /// Between these keys are all that wait for something an event of that type is about.
    package static func keys(of type: String) -> (after: String, before: String) {
        ("\(type)\(separator)", "\(type)\u{20}")
    }

    /// Above all keys with this path, and below those of the next one.
    package func end(in type: String) -> String { "\(type)\(Self.separator)\(path)\u{20}" }

    /// What an event is about by that subject's path; nothing where it has no such field.
    package func same(of event: JSON) -> EventSubject? {
        var value = event
        for name in names {
            guard let member = value[name] else { return nil }
            value = member
        }
        return EventSubject(path: names, value: ExpressionValue(value))
    }

    private var names: [String] {
        do throws(JSONError) {
            return try JSON.read(path).array?.compactMap(\.string) ?? []
        } catch {
            return []
        }
    }
}
