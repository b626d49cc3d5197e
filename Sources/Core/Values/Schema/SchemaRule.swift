/// One compiled schema: keywords with their arguments read and checked.
///
/// Schemas inside it are numbers of rules, so that references may go in circles.
final class SchemaRule: Sendable {
    /// Where it stands: a number of `SchemaPlaces`.
    let place: Int
    /// What `type` allows.
    let kinds: SchemaKinds
    let checks: [SchemaKeyword]
    /// What `unevaluatedProperties` and `unevaluatedItems` ask of the rest.
    let otherMembers: Int?
    let otherItems: Int?

    init(
        place: Int,
        kinds: SchemaKinds = .all,
        checks: [SchemaKeyword] = [],
        otherMembers: Int? = nil,
        otherItems: Int? = nil
    ) {
        self.place = place
        self.kinds = kinds
        self.checks = checks
        self.otherMembers = otherMembers
        self.otherItems = otherItems
    }

    /// Whether it is the schema `false`.
    var allowsNothing: Bool {
        if case .never? = checks.first { true } else { false }
    }
}

/// A keyword with its argument; those of one schema that work together are one.
enum SchemaKeyword: Sendable {
    case never
    case enumeration(SchemaEnumeration)
    case minimum(JSON, exclusive: Bool)
    case maximum(JSON, exclusive: Bool)
    case multipleOf(DecimalNumber)
    case minLength(Int)
    case maxLength(Int)
    case pattern(RegularExpression, written: String)
    case format(SchemaFormat)
    case members(SchemaMembers)
    case minProperties(Int)
    case maxProperties(Int)
    case propertyNames(Int)
    case dependentRequired([(name: String, needed: [String])])
    case dependentSchemas([(name: String, rule: Int)])
    case items(prefix: [Int], rest: Int?)
    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    case contains(Int, min: Int, max: Int?)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case conditional(if: Int, then: Int?, otherwise: Int?)
    case reference(Int, keyword: String)
}

/// `properties`, `patternProperties`, `additionalProperties` and `required` of one schema.
final class SchemaMembers: Sendable {
    struct Named: Sendable {
        let name: String
        /// Nothing for a name that is only required.
        let rule: Int?
        let isRequired: Bool
    }

    let named: [Named]
    let table: NameTable
    let requiredCount: Int
    let patterns: [(expression: RegularExpression, rule: Int)]
    let others: Int?

    init(
        named: [Named],
        patterns: [(expression: RegularExpression, rule: Int)],
        others: Int?
    ) {
        self.named = named
        table = NameTable(named.map(\.name))
        requiredCount = named.count { $0.isRequired }
        self.patterns = patterns
        self.others = others
    }
}

/// The values of an `enum` or a `const`; texts are looked up and the rest walked.
final class SchemaEnumeration: Sendable {
    let values: [JSON]
    let keyword: String
    private let texts: NameTable
    let others: [JSON]

    init(_ values: [JSON], keyword: String) {
        self.values = values
        self.keyword = keyword
        texts = NameTable(values.compactMap(\.string))
        others = values.filter { $0.string == nil }
    }

    func contains(_ value: JSON) -> Bool {
        if case .string(let text) = value { return texts.position(of: text) != nil }
        return others.contains(value)
    }
}

/// Kinds of values; a whole number is one kind and any other number another.
struct SchemaKinds: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = SchemaKinds(rawValue: 1)
    static let boolean = SchemaKinds(rawValue: 2)
    static let integer = SchemaKinds(rawValue: 4)
    static let fraction = SchemaKinds(rawValue: 8)
    static let string = SchemaKinds(rawValue: 16)
    static let array = SchemaKinds(rawValue: 32)
    static let object = SchemaKinds(rawValue: 64)
    static let number: SchemaKinds = [.integer, .fraction]
    static let all = SchemaKinds(rawValue: 127)

    /// The names of `type`, as people list them.
    static let names: [(name: String, kinds: SchemaKinds)] = [
        ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number),
        ("string", .string), ("array", .array), ("object", .object),
    ]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The kind of a value: `1.0` is a whole number.
    init(of value: JSON) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .int, .uint: self = .integer
        case .double(let number):
            self = number.rounded(.towardZero) == number ? .integer : .fraction
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }

    /// The names that cover these kinds, such as `string or null`.
    var words: String {
        let names = Self.names.filter { name, kinds in
            isSuperset(of: kinds) && !(name == "integer" && contains(.fraction))
        }
        return names.map(\.name).joined(separator: " or ")
    }
}
