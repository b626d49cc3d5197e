/// What a label of an internationalized name may have (RFC 5891 to 5893).
///
/// Most of RFC 5892 follows from properties that the standard library has; `IDNATables` has the
/// rest.
enum IDNA {
    /// Whether scalars, some of them beyond ASCII, are a U-label, but for the directions.
    static func isLabel(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, first != "-", label.last != "-" else { return false }
        if label.count >= 4, label[2] == "-", label[3] == "-" { return false }
        if isMark(first) { return false }
        for (index, scalar) in label.enumerated() {
            let isAllowed =
                switch use(of: scalar) {
                case .always: true
                case .never: false
                case .inContext: fitsContext(scalar, label, index)
                }
            if !isAllowed { return false }
        }
        return Composition.isComposed(label)
    }

    private enum Use {
        case always
        case inContext
        case never
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// The derived property of RFC 5892, section 3, its rules in order.
    private static func use(of scalar: Unicode.Scalar) -> Use {
        switch scalar.value {
        case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return .always
        case 0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x660...0x669, 0x6F0...0x6F9: return .inContext
        case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: return .never
        case 0x2D, 0x30...0x39, 0x61...0x7A: return .always
        case 0x200C, 0x200D: return .inContext
        // Old Hangul jamo, and blocks of marks for symbols and music.
        case 0x1100...0x11FF, 0xA960...0xA97C, 0xD7B0...0xD7FB: return .never
        case 0x20D0...0x20FF, 0x1D100...0x1D24F: return .never
        default: break
        }
        let properties = scalar.properties
        if properties.changesWhenNFKCCaseFolded || properties.isDefaultIgnorableCodePoint
            || properties.isWhitespace
        {
            return .never
        }
        switch properties.generalCategory {
        case .lowercaseLetter, .uppercaseLetter, .otherLetter, .modifierLetter, .decimalNumber,
            .nonspacingMark, .spacingMark:
            return .always
        default: return .never
        }
    }

    /// The rules of RFC 5892, appendix A.
    private static func fitsContext(
        _ scalar: Unicode.Scalar,
        _ label: [Unicode.Scalar],
        _ index: Int
    ) -> Bool {
        let before = index > 0 ? label[index - 1] : nil
        let after = index + 1 < label.count ? label[index + 1] : nil
        switch scalar.value {
        case 0x200C: return isVirama(before) || joins(label, index)
        case 0x200D: return isVirama(before)
        case 0xB7: return before == "l" && after == "l"
        case 0x375: return after.map { IDNATables.greek.contains($0) } ?? false
        case 0x5F3, 0x5F4: return before.map { IDNATables.hebrew.contains($0) } ?? false
        case 0x30FB: return label.contains { IDNATables.kanaOrHan.contains($0) }
        case 0x660...0x669: return !label.contains { (0x6F0...0x6F9).contains($0.value) }
        case 0x6F0...0x6F9: return !label.contains { (0x660...0x669).contains($0.value) }
        default: return false
        }
    }

    private static func isVirama(_ scalar: Unicode.Scalar?) -> Bool {
        scalar?.properties.canonicalCombiningClass == .virama
    }

    /// Whether letters join over a zero width non-joiner, transparent ones between passed over.
    private static func joins(_ label: [Unicode.Scalar], _ index: Int) -> Bool {
        let left = label[..<index].last { !isTransparent($0) }
        let right = label[(index + 1)...].first { !isTransparent($0) }
        guard let left, let right else { return false }
        let joinsRight = IDNATables.joinsBoth.contains(left) || IDNATables.joinsNext.contains(left)
        let joinsLeft =
            IDNATables.joinsBoth.contains(right) || IDNATables.joinsPrevious.contains(right)
        return joinsRight && joinsLeft
    }

    private static func isTransparent(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: true
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        default: scalar.value == 0x1E94B
        }
    }

    // MARK: Directions

    enum Direction {
        case left
        case right
        case arabic
        case arabicNumber
        case number
        case separator
        case neutral
        case mark
    }

    /// Whether the labels of a name may stand together: in a name with one that runs from right to
    /// left, all keep the rule of RFC 5893, section 2.
    static func allowsDirections(_ labels: [[Unicode.Scalar]]) -> Bool {
        let read = labels.map { $0.map(IDNATables.direction) }
        let isMixed = read.contains { label in
            label.contains { [.right, .arabic, .arabicNumber].contains($0) }
        }
        return !isMixed || read.allSatisfy(keepsRule)
    }

    private static func keepsRule(_ label: [Direction]) -> Bool {
        guard let end = label.last(where: { $0 != .mark }) else { return false }
        switch label.first {
        case .right, .arabic:
            let hasBoth = label.contains(.number) && label.contains(.arabicNumber)
            return !hasBoth && !label.contains(.left)
                && [.right, .arabic, .number, .arabicNumber].contains(end)
        case .left:
            let others: [Direction] = [.right, .arabic, .arabicNumber]
            return !label.contains { others.contains($0) } && [.left, .number].contains(end)
        default: return false
        }
    }
}

/// Whether a text is in normalization form C, as far as letters of names go.
enum Composition {
    static func isComposed(_ label: [Unicode.Scalar]) -> Bool {
        var starter: Unicode.Scalar?
        var last: UInt8 = 0
        for scalar in label {
            let order = scalar.properties.canonicalCombiningClass.rawValue
            if order != 0, order < last { return false }
            let isNext = last == 0 || order > last
            if let starter, isNext, composes(starter, scalar) { return false }
            if order == 0 { starter = scalar }
            last = order
        }
        return true
    }

    private static func composes(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
        // Letters compose with marks only, but for Hangul, whose parts no label may have.
        guard second.value >= 0x300 else { return false }
        switch second.properties.generalCategory {
        case .nonspacingMark, .spacingMark: break
        default: return false
        }
        var pair = String(first)
        pair.unicodeScalars.append(second)
        return composites.contains(pair)
    }

    /// All characters that a letter and a mark make.
    ///
    /// Swift's strings are equal, and have one digest, whichever way they are spelt.
    private static let composites: Set<String> = {
        var all: Set<String> = []
        let blocks: [ClosedRange<UInt32>] = [
            0xC0...0x1FFF, 0x3040...0x30FF, 0x10000...0x16FFF,
        ]
        for code in blocks.joined() {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let properties = scalar.properties
            let isLetter =
                properties.isAlphabetic || properties.canonicalCombiningClass != .notReordered
            if isLetter, !properties.isFullCompositionExclusion { all.insert(String(scalar)) }
        }
        return all
    }()
}
