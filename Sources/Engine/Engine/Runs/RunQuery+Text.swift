internal import Runs
package import Storage
package import Values

extension RunQuery.Condition {
    /// Reads `amount>100`, `tier=gold`: the value is JSON where it is some, else text.
    package init?(_ text: String) {
        // By bytes: a mark that joins the relation before it must not hide it.
        let bytes = text.utf8
        guard let place = bytes.firstIndex(where: { "=<>".utf8.contains($0) }),
            let relation = Relation(rawValue: String(UnicodeScalar(bytes[place])))
        else { return nil }
        let name = trimmed(String(text[..<place]))
        let written = trimmed(String(text[bytes.index(after: place)...]))
        guard !name.isEmpty, !written.isEmpty else { return nil }
        self.init(name, relation, Self.value(written))
    }

    private static func value(_ text: String) -> JSON {
        do {
            let value = try JSON.read(Array(text.utf8))
            switch value {
            case .bool, .int, .uint, .double, .string: return value
            case .null, .array, .object: return .string(text)
            }
        } catch {
            return .string(text)
        }
    }
}

extension RunQuery.Sort {
    /// Reads `newest`, `oldest`, `stage`, or a field's name with or without `-`.
    package init?(word: String) {
        switch word {
        case "newest": self = .newest
        case "oldest": self = .oldest
        case "stage": self = .longestInStage
        case "", "-": return nil
        default:
            let isDescending = word.hasPrefix("-")
            self = .field(String(word.dropFirst(isDescending ? 1 : 0)), descending: isDescending)
        }
    }
}

extension RunQuery.Cursor {
    /// The cursor as a text that means nothing to who keeps it.
    package var text: String {
        guard let value else { return run.description }
        return run.description + "." + Array(value.compactText.utf8).hex
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard let first = parts.first, let run = Identifier(first) else { return nil }
        guard parts.count == 2 else {
            self.init(value: nil, run: run)
            return
        }
        guard let bytes = [UInt8](hex: parts[1]) else { return nil }
        do {
            self.init(value: try JSON.read(bytes), run: run)
        } catch {
            return nil
        }
    }

    /// Whether it can be one of a list in that order.
    package func fits(_ sort: RunQuery.Sort) -> Bool {
        switch sort {
        case .newest, .oldest: value == nil
        case .longestInStage, .field: value != nil
        }
    }
}

extension StepPlace {
    /// The place as a text that means nothing to who keeps it.
    package var cursor: String { "\(run).\(step).\(since.microseconds)" }

    /// The place after which a list goes on; only what orders it is known.
    package init?(cursor text: String) {
        let parts = text.split(separator: ".").map(String.init)
        guard parts.count == 3, let run = Identifier(parts[0]), let step = Int(parts[1]),
            let since = Int64(parts[2])
        else { return nil }
        self.init(
            run: run,
            step: step,
            flow: "",
            priority: 0,
            since: Instant(microseconds: since),
            epoch: 0
        )
    }
}

extension StageCount {
    package var json: JSON {
        [
            "flow": .string(place.flow), "kind": .string(place.kind.word),
            "stage": place.stage.map(JSON.string) ?? .null,
            "state": .string(place.state.rawValue), "count": .int(count),
        ]
    }
}
