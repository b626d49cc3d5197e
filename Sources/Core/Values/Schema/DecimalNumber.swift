/// A number as its decimal digits say it: `digits` times ten to the power of `exponent`.
///
/// A double stands for the shortest decimal that reads back as it, which is what was written, so
/// that 0.0075 is a multiple of 0.0001.
struct DecimalNumber: Sendable, Equatable {
    /// Of the number without its sign.
    let digits: UInt64
    let exponent: Int

    /// Nothing for what is no number.
    init?(_ value: JSON) {
        switch value {
        case .int(let whole): (digits, exponent) = (whole.magnitude, 0)
        case .uint(let whole): (digits, exponent) = (whole, 0)
        case .double(let number): (digits, exponent) = Self.shortest(abs(number))
        default: return nil
        }
    }

    /// Whether this is a whole number of times the other, which is above 0.
    func isMultiple(of factor: DecimalNumber) -> Bool {
        if digits == 0 { return true }
        var power = exponent - factor.exponent
        var left = digits % factor.digits
        if power >= 0 {
            while power > 0, left != 0 {
                let product = left.multipliedFullWidth(by: 10)
                left = factor.digits.dividingFullWidth(product).remainder
                power -= 1
            }
            return left == 0
        }
        // This must be a multiple of the factor's digits with as many zeroes behind them.
        var rest = digits
        guard left == 0 else { return false }
        rest /= factor.digits
        while power < 0 {
            guard rest.isMultiple(of: 10) else { return false }
            rest /= 10
            power += 1
        }
        return true
    }

    // Not inlined: where it was, its roundings were worked out ahead for every value of any kind.
    @inline(never)
    private static func shortest(_ value: Double) -> (UInt64, Int) {
        if value < 0x1p53 {
            // Exact steps: a quotient of two exact doubles is rounded as reading it would be.
            var scale = 1.0
            for places in 0...15 {
                let whole = (value * scale).rounded()
                if whole >= 0x1p53 { break }
                if whole / scale == value { return (UInt64(whole), -places) }
                scale *= 10
            }
        }
        return spelled(value)
    }

    private static func spelled(_ value: Double) -> (UInt64, Int) {
        var digits: UInt64 = 0
        var exponent = 0
        var isFraction = false
        let text = value.description.utf8.split(separator: UInt8(ascii: "e"))
        for byte in text[0] {
            guard ASCII.isDigit(byte) else {
                isFraction = true
                continue
            }
            digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
            exponent -= isFraction ? 1 : 0
        }
        if text.count > 1, let power = Int(String(text[1]) ?? "") { exponent += power }
        return (digits, exponent)
    }
}
