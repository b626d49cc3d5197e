/// One compiled part of a schema: keywords with their arguments read and checked.
///
/// Sub-schemas are numbers of parts, so that `$ref` may go in circles.
struct SchemaRule: Sendable {
    enum Check: Sendable {
        case never
        case types(Set<Kind>)
        case allowed([JSON], keyword: String)
        case minimum(JSON, exclusive: Bool)
        case maximum(JSON, exclusive: Bool)
        case multipleOf(Double)
        case length(min: Int?, max: Int?)
        case pattern(RegularExpression)
        case items(prefix: [Int], rest: Int?)
        case itemCount(min: Int?, max: Int?)
        case uniqueItems
        case contains(Int, min: Int, max: Int?)
        case members(Members)
        case required([String])
        case memberCount(min: Int?, max: Int?)
        case names(Int)
        case dependentRequired([String: [String]])
        case dependent([String: Int])
        case all([Int])
        case any([Int])
        case one([Int])
        case not(Int)
        case conditional(if: Int, then: Int?, else: Int?)
        case reference(Int)
    }

    struct Members: Sendable {
        let named: [String: Int]
        let patterns: [(RegularExpression, Int)]
        let others: Int?
    }

    enum Kind: String, Sendable, CaseIterable {
        case null, boolean, integer, number, string, array, object

        init(of value: JSON) {
            switch value {
            case .null: self = .null
            case .bool: self = .boolean
            case .int, .uint: self = .integer
            case .double(let number):
                self = number.rounded(.towardZero) == number ? .integer : .number
            case .string: self = .string
            case .array: self = .array
            case .object: self = .object
            }
        }
    }

    var checks: [Check] = []
}
