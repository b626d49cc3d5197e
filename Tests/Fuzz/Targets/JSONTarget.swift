@testable import Values

private let tight = JSONLimits(bytes: 200, depth: 4, values: 20)

/// JSON: both readers agree, errors have places, and every spelling reads back.
@Sendable
func fuzzJSON(_ bytes: [UInt8]) {
    compareReaders(bytes, tight)
    guard let value = compareReaders(bytes, .standard) else { return }
    let canonical = value.canonicalBytes
    for (name, written) in [
        ("canonical", canonical), ("compact", Array(value.compactText.utf8)),
        ("pretty", Array(value.prettyText.utf8)),
    ] {
        do {
            let again = try JSON.read(written)
            hold(again == value, "the \(name) text reads back as another value")
            hold(again.canonicalBytes == canonical, "the \(name) text has other canonical bytes")
        } catch {
            broken("the \(name) text is refused: \(error)")
        }
    }
}

/// What both readers make of the bytes; nothing when both refuse them.
@discardableResult
private func compareReaders(_ bytes: [UInt8], _ limits: JSONLimits) -> JSON? {
    let fast = FastJSONReader.read(bytes, limits: limits)
    var reader = PositionedJSONReader(bytes, limits: limits)
    do {
        let slow = try reader.read()
        guard let fast else { broken("only the positioned reader takes it") }
        hold(isSame(fast, slow), "the readers read different values")
        return slow
    } catch {
        hold(fast == nil, "only the fast reader takes it: \(error)")
        hold(error.position.offset <= bytes.count, "the error stands behind the text")
        hold(error.position.line > 0 && error.position.column > 0, "the error has no place")
        hold(!error.description.isEmpty, "the error says nothing")
        return nil
    }
}

/// Whether two values are the same in kind too: 1 is not 1.0 here, nor 0.0 the same as -0.0.
private func isSame(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.uint(let a), .uint(let b)): a == b
    case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)):
        a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
    case (.object(let a), .object(let b)):
        a.members.count == b.members.count
            && zip(a.members, b.members).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && isSame($0.value, $1.value)
            }
    default: false
    }
}
