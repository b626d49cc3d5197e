extension Overload {
    /// The functions of the extension libraries.
    static let extensions: [Overload] =
        strings + numbers + lists + networks + patterns + [
            Overload("base64.encode", [.bytes], .string),
            Overload("base64.decode", [.string], .bytes),
        ]

    private static let strings: [Overload] = {
        let text = ExpressionType.string
        let forms: [(String, [ExpressionType], ExpressionType)] = [
            ("charAt", [.int], text), ("indexOf", [text], .int), ("indexOf", [text, .int], .int),
            ("lastIndexOf", [text], .int), ("lastIndexOf", [text, .int], .int),
            ("lowerAscii", [], text), ("upperAscii", [], text), ("trim", [], text),
            ("reverse", [], text), ("replace", [text, text], text),
            ("replace", [text, text, .int], text), ("split", [text], .list(text)),
            ("split", [text, .int], .list(text)), ("substring", [.int], text),
            ("substring", [.int, .int], text), ("format", [.list(.dyn)], text),
        ]
        return forms.map { Overload(method: $0, [text] + $1, $2) } + [
            Overload(method: "join", [.list(text)], text),
            Overload(method: "join", [.list(text), text], text),
            Overload("strings.quote", [text], text),
        ]
    }()

    private static let numbers: [Overload] = {
        var all: [Overload] = []
        for name in ["math.ceil", "math.floor", "math.round", "math.trunc"] {
            all.append(Overload(name, [.double], .double))
        }
        for name in ["math.isNaN", "math.isInf", "math.isFinite"] {
            all.append(Overload(name, [.double], .bool))
        }
        for type in [ExpressionType.int, .uint, .double] {
            all.append(Overload("math.abs", [type], type))
            all.append(Overload("math.sign", [type], type))
            all.append(Overload("math.sqrt", [type], .double))
        }
        for type in [ExpressionType.int, .uint] {
            for name in ["math.bitAnd", "math.bitOr", "math.bitXor"] {
                all.append(Overload(name, [type, type], type))
            }
            all.append(Overload("math.bitNot", [type], type))
            all.append(Overload("math.bitShiftLeft", [type, .int], type))
            all.append(Overload("math.bitShiftRight", [type, .int], type))
        }
        // Their arguments are checked apart: any number of them.
        all.append(Overload("math.greatest", [.dyn], .dyn))
        all.append(Overload("math.least", [.dyn], .dyn))
        return all
    }()

    private static let lists: [Overload] = {
        var all = [
            Overload("lists.range", [.int], .list(.int)),
            Overload(method: "slice", [.list(a), .int, .int], .list(a)),
            Overload(method: "flatten", [.list(.list(a))], .list(a)),
            Overload(method: "flatten", [.list(.dyn), .int], .list(.dyn)),
            Overload(method: "distinct", [.list(a)], .list(a)),
            Overload(method: "reverse", [.list(a)], .list(a)),
            Overload(method: "first", [.list(a)], .optional(a)),
            Overload(method: "last", [.list(a)], .optional(a)),
        ]
        for type in ordered {
            all.append(Overload(method: "sort", [.list(type)], .list(type)))
        }
        for name in ["sets.contains", "sets.equivalent", "sets.intersects"] {
            all.append(Overload(name, [.list(a), .list(b)], .bool))
        }
        return all
    }()

    /// Types whose values have an order.
    static let ordered: [ExpressionType] = [
        .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration,
    ]

    private static let networks: [Overload] = {
        let (address, network) = (ExpressionType.address, ExpressionType.network)
        var all = [
            Overload("ip", [.string], address), Overload("cidr", [.string], network),
            Overload("isIP", [.string], .bool), Overload("isCIDR", [.string], .bool),
            Overload("ip.isCanonical", [.string], .bool),
            Overload(method: "family", [address], .int),
            Overload(method: "ip", [network], address),
            Overload(method: "masked", [network], network),
            Overload(method: "prefixLength", [network], .int),
        ]
        for name in [
            "isUnspecified", "isLoopback", "isGlobalUnicast", "isLinkLocalMulticast",
            "isLinkLocalUnicast",
        ] {
            all.append(Overload(method: name, [address], .bool))
        }
        for type in [ExpressionType.string, address] {
            all.append(Overload(method: "containsIP", [network, type], .bool))
        }
        for type in [ExpressionType.string, network] {
            all.append(Overload(method: "containsCIDR", [network, type], .bool))
        }
        return all
    }()

    private static let patterns: [Overload] = [
        Overload("regex.replace", [.string, .string, .string], .string),
        Overload("regex.replace", [.string, .string, .string, .int], .string),
        Overload("regex.extract", [.string, .string], .optional(.string)),
        Overload("regex.extractAll", [.string, .string], .list(.string)),
    ]
}
