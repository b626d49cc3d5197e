internal import CDigest

/// A SHA-256 digest (FIPS 180-4).
package struct Digest: Sendable, Hashable, Comparable {
    /// Always 32.
    package let bytes: [UInt8]

    /// Nothing unless there are exactly 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads 64 hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The digest of up to three byte strings one after another, without joining them.
    package init(of first: [UInt8], _ second: [UInt8] = [], _ third: [UInt8] = []) {
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            unsafe stepgate_sha256(
                first,
                first.count,
                second,
                second.count,
                third,
                third.count,
                out.baseAddress
            )
            count = 32
        }
    }

    /// 32 zero bytes: the hash before the first entry of a chain.
    package static let zero = Digest(zeroes: ())

    private init(zeroes: ()) { bytes = [UInt8](repeating: 0, count: 32) }

    package var hex: String { bytes.hex }

    package static func < (left: Digest, right: Digest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// A SHA-256 digest of bytes that come piece by piece, such as a file's.
package struct DigestStream: Sendable {
    private var state = stepgate_sha256_state()

    package init() { unsafe stepgate_sha256_begin(&state) }

    /// Adds the next bytes.
    package mutating func add(_ bytes: [UInt8]) {
        unsafe stepgate_sha256_add(&state, bytes, bytes.count)
    }

    /// The digest of all that was added.
    package consuming func finish() -> Digest {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            unsafe stepgate_sha256_finish(&state, out.baseAddress)
            count = 32
        }
        guard let digest = Digest(bytes: bytes) else { preconditionFailure("SHA-256 is 32 bytes") }
        return digest
    }
}

/// HMAC-SHA-256 (RFC 2104).
package func hmac(key: [UInt8], message: [UInt8]) -> Digest {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { out, count in
        unsafe stepgate_hmac_sha256(
            key,
            key.count,
            message,
            message.count,
            out.baseAddress
        )
        count = 32
    }
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("HMAC is 32 bytes") }
    return digest
}

extension [UInt8] {
    /// Lowercase hexadecimal digits, two a byte.
    package var hex: String {
        unsafe String(unsafeUninitializedCapacity: count * 2) { out in
            for index in indices {
                unsafe out[index * 2] = hexDigit(self[index] >> 4)
                unsafe out[index * 2 + 1] = hexDigit(self[index] & 15)
            }
            return count * 2
        }
    }

    /// Nothing unless the text is an even number of hexadecimal digits.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}

/// The lowercase hexadecimal digit of a value below 16.
package func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
}

/// The value of one ASCII hexadecimal digit.
package func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
