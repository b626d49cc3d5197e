extension [UInt8] {
    /// RFC 4648, section 4, with its padding.
    package var base64: String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        var text: [UInt8] = []
        text.reserveCapacity((count + 2) / 3 * 4)
        for start in stride(from: 0, to: count, by: 3) {
            let left = count - start
            let group =
                UInt32(self[start]) << 16 | (left > 1 ? UInt32(self[start + 1]) << 8 : 0)
                | (left > 2 ? UInt32(self[start + 2]) : 0)
            for place in 0..<4 {
                let digit = alphabet[Int(group >> (18 - 6 * place)) & 63]
                text.append(place > left ? UInt8(ascii: "=") : digit)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
