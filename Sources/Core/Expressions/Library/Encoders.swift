/// The encoders extension: base64 (RFC 4648).
enum Encoders {
    static let functions: [String: LibraryFunction] = [
        "base64.encode": .writing(2) { (arguments, frame) throws(EvaluationError) in
            guard arguments.count == 1, case .bytes(let bytes) = arguments[0] else {
                throw Library.noOverload("base64.encode", arguments)
            }
            try Texts.checkSize(bytes.count / 3 * 4 + 4)
            try frame.read(bytes.count)
            return .string(try Texts.built(encoded(bytes), &frame))
        },
        "base64.decode": .writing { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "base64.decode")
            let text = try arguments.text(0, "base64.decode")
            try frame.read(text.utf8.count)
            guard let bytes = decoded(text) else {
                throw EvaluationError(.invalidArgument, "the text is no base64")
            }
            return .bytes(bytes)
        },
    ]

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    private static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0)
            }
            for digit in 0..<4 {
                let value = Int(group >> UInt32(18 - 6 * digit) & 63)
                text.append(digit <= count ? alphabet[value] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// With or without the padding.
    private static func decoded(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)
        let length = digits.count
        while digits.last == UInt8(ascii: "="), length - digits.count < 2 { digits.removeLast() }
        let isPadded = digits.count < length
        guard digits.count % 4 != 1, !isPadded || length.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = values[Int(digit)] else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
