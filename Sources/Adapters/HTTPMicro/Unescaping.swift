/// A part of a URL with its `%` escapes read; nothing when one is wrong, or when there is a NUL or
/// no UTF-8 afterwards, so that no text is taken for another.
func unescaped(_ bytes: [UInt8]) -> String? {
    var read: [UInt8] = []
    read.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            read.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
        else { return nil }
        read.append(high << 4 | low)
    }
    return read.contains(0) ? nil : String(validating: read, as: UTF8.self)
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
