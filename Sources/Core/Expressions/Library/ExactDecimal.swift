/// A finite double as the decimal number it is exactly, to be rounded once, half to even.
struct ExactDecimal {
    private let isNegative: Bool
    /// From the first that is not zero on; none for zero.
    private let digits: [UInt8]
    /// How many digits are before the point; may be negative.
    private let point: Int

    init(_ value: Double) {
        isNegative = value.sign == .minus
        guard value != 0 else {
            digits = []
            point = 0
            return
        }
        // A whole significand, times a power of two.
        let exponent = Int(value.ulp.exponent)
        let significand = UInt64((value.magnitude / value.ulp))
        var limbs = Limbs(significand)
        if exponent >= 0 {
            limbs.multiply(by: 2, times: exponent)
        } else {
            // m / 2^k = m * 5^k / 10^k
            limbs.multiply(by: 5, times: -exponent)
        }
        digits = limbs.digits
        point = digits.count + min(0, exponent)
    }

    /// With so many digits after the point.
    func fixed(_ precision: Int) -> String {
        let (kept, carried) = rounded(to: point + precision)
        let before = point + (carried ? 1 : 0)
        var text = isNegative ? "-" : ""
        text += before > 0 ? Self.text(kept, 0..<before) : "0"
        if precision > 0 { text += "." + Self.text(kept, before..<before + precision) }
        return text
    }

    /// With one digit before the point, so many after it, and an exponent of at least two digits.
    func scientific(_ precision: Int) -> String {
        let (kept, carried) = rounded(to: precision + 1)
        let exponent = digits.isEmpty ? 0 : point - 1 + (carried ? 1 : 0)
        var text = isNegative ? "-" : ""
        text += Self.text(kept, 0..<1)
        if precision > 0 { text += "." + Self.text(kept, 1..<precision + 1) }
        let size = String(exponent.magnitude)
        return text + (exponent < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "") + size
    }

    /// The first digits, and whether rounding made one more before them.
    private func rounded(to count: Int) -> (digits: [UInt8], carried: Bool) {
        if count >= digits.count { return (digits, false) }
        if count < 0 { return ([], false) }
        var kept = Array(digits[..<count])
        let rest = digits[count...]
        let isHalf = rest.first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
        let isOdd = (kept.last ?? 0) % 2 == 1
        guard isHalf ? isOdd : (rest.first ?? 0) >= 5 else { return (kept, false) }
        var index = count - 1
        while index >= 0, kept[index] == 9 {
            kept[index] = 0
            index -= 1
        }
        if index >= 0 {
            kept[index] += 1
            return (kept, false)
        }
        return ([1] + kept, true)
    }

    /// Digits by their places, zero where there are none.
    private static func text(_ digits: [UInt8], _ range: Range<Int>) -> String {
        let bytes = range.map { digits.indices.contains($0) ? digits[$0] + 0x30 : 0x30 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A whole number of any size, its least part first.
    private struct Limbs {
        private static let base: UInt64 = 1_000_000_000
        private var parts: [UInt64] = []

        init(_ value: UInt64) {
            var rest = value
            while rest > 0 {
                parts.append(rest % Self.base)
                rest /= Self.base
            }
        }

        mutating func multiply(by factor: UInt64, times: Int) {
            var left = times
            while left > 0 {
                let step = min(left, 12)
                multiply(by: (0..<step).reduce(1) { power, _ in power * factor })
                left -= step
            }
        }

        private mutating func multiply(by factor: UInt64) {
            var carry: UInt64 = 0
            for index in parts.indices {
                let product = parts[index] * factor + carry
                parts[index] = product % Self.base
                carry = product / Self.base
            }
            if carry > 0 { parts.append(carry) }
        }

        var digits: [UInt8] {
            var all: [UInt8] = []
            for (index, part) in parts.reversed().enumerated() {
                let text = String(part)
                if index > 0 {
                    all += [UInt8](repeating: 0, count: 9 - text.utf8.count)
                }
                all += text.utf8.map { $0 - 0x30 }
            }
            return all
        }
    }
}
