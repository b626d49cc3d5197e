/// All rules of a schema, laid out so that following them copies numbers only.
final class SchemaProgram: Sendable {
    let rules: [SchemaRule]
    let keywords: [SchemaKeyword]
    let runs: [Int]
    let numbers: [JSON]
    let enumerations: [SchemaEnumeration]
    let patterns: [SchemaPattern]
    let members: [SchemaMembers]
    let dependencies: [SchemaDependencies]

    init(_ builder: SchemaBuilder) {
        rules = builder.rules
        keywords = builder.keywords
        runs = builder.runs
        numbers = builder.numbers
        enumerations = builder.enumerations
        patterns = builder.patterns
        members = builder.members
        dependencies = builder.dependencies
    }

    /// Whether a rule is the schema `false`.
    func allowsNothing(_ rule: Int) -> Bool {
        guard let first = rules[rule].checks.first else { return false }
        if case .never = keywords[first] { return true }
        return false
    }
}

/// The parts of a program while it is made.
struct SchemaBuilder {
    var rules: [SchemaRule] = []
    var keywords: [SchemaKeyword] = []
    var runs: [Int] = []
    var numbers: [JSON] = []
    var enumerations: [SchemaEnumeration] = []
    var patterns: [SchemaPattern] = []
    var members: [SchemaMembers] = []
    var dependencies: [SchemaDependencies] = []

    /// Keeps the numbers of several rules.
    mutating func run(_ rules: [Int]) -> Range<Int> {
        runs += rules
        return runs.count - rules.count..<runs.count
    }
}

/// One compiled schema: keywords with their arguments read and checked.
///
/// Schemas inside it are numbers of rules, so that references may go in circles.
struct SchemaRule: Sendable {
    /// Where it stands: a number of `SchemaPlaces`.
    let place: Int
    /// What `type` allows.
    var kinds = SchemaKinds.all
    /// Its keywords, in the program's.
    var checks = 0..<0
    /// What `unevaluatedProperties` and `unevaluatedItems` ask of the rest; -1 for nothing.
    var otherMembers = -1
    var otherItems = -1
}

/// A keyword with its argument; those of one schema that work together are one.
///
/// Numbers throughout: of rules, of runs of rules, or of what the program keeps in lists.
enum SchemaKeyword: Sendable {
    case never
    case enumeration(Int)
    case minimum(Int, exclusive: Bool)
    case maximum(Int, exclusive: Bool)
    case multipleOf(DecimalNumber)
    case minLength(Int)
    case maxLength(Int)
    case pattern(Int)
    case format(SchemaFormat)
    case members(Int)
    case minProperties(Int)
    case maxProperties(Int)
    case propertyNames(Int)
    case dependentRequired(Int)
    case dependentSchemas(Int)
    case items(prefix: Range<Int>, rest: Int?)
    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    case contains(Int, min: Int, max: Int?)
    case allOf(Range<Int>)
    case anyOf(Range<Int>)
    case oneOf(Range<Int>)
    case not(Int)
    case conditional(if: Int, then: Int?, otherwise: Int?)
    case reference(Int)
}

/// A pattern as it was written, and as it is matched.
struct SchemaPattern: Sendable {
    let expression: RegularExpression
    let written: String
}

/// What `dependentRequired` or `dependentSchemas` asks of an object that has a name.
final class SchemaDependencies: Sendable {
    struct Dependency: Sendable {
        let name: String
        var needed: [String] = []
        var rule = -1
    }

    let all: [Dependency]

    init(_ all: [Dependency]) { self.all = all }
}

/// `properties`, `patternProperties`, `additionalProperties` and `required` of one schema.
final class SchemaMembers: Sendable {
    /// The names that are declared, then those that are only required.
    let names: NameTable
    /// The rule of each name; -1 for one that is only required.
    let rules: [Int]
    let isRequired: [Bool]
    let requiredCount: Int
    let patterns: [(expression: RegularExpression, rule: Int)]
    let others: Int?

    init(
        named: [(name: String, rule: Int)],
        required: [String],
        patterns: [(expression: RegularExpression, rule: Int)],
        others: Int?
    ) {
        let needed = NameTable(required)
        let declared = NameTable(named.map(\.name))
        var all = named
        for (position, name) in required.enumerated()
        where declared.position(of: name) == nil && needed.position(of: name) == position {
            all.append((name, -1))
        }
        names = NameTable(all.map(\.name))
        rules = all.map(\.rule)
        isRequired = all.map { needed.position(of: $0.name) != nil }
        requiredCount = isRequired.count { $0 }
        self.patterns = patterns
        self.others = others
    }

    /// The names that have a schema.
    var declared: [String] { zip(names.names, rules).filter { $1 >= 0 }.map(\.0) }
}

/// The values of an `enum` or a `const`; texts are looked up and the rest walked.
final class SchemaEnumeration: Sendable {
    let values: [JSON]
    let keyword: String
    private let texts: NameTable
    /// Values that are no texts.
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
