import TestSupport
import Testing
import Values

/// What holds for every schema and value, over seeded ones.
struct SchemaPropertyTests {
    /// Schemas and values that are likely to have something to do with each other.
    private struct Source {
        var chance: SeededGenerator
        static let names = ["a", "b", "é", "e\u{301}", "a/b", "~"]
        static let texts = ["", "a", "abc", "é", "2026-01-31", "😀"]

        mutating func pick<T>(_ choices: [T]) -> T {
            choices[Int.random(in: choices.indices, using: &chance)]
        }

        mutating func number() -> JSON {
            pick([0, 1, 1.0, 2, -1, 2.5, 0.1, 1e300, .int(.max), .uint(.max), 3])
        }

        mutating func value(_ depth: Int = 3) -> JSON {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &chance) {
            case 0: return pick([.null, true, false])
            case 1, 2: return number()
            case 3, 4: return .string(pick(Self.texts))
            case 5, 6:
                let count = Int.random(in: 0..<4, using: &chance)
                return .array((0..<count).map { _ in value(depth - 1) })
            default:
                return object(Int.random(in: 0..<4, using: &chance)) { $0.value(depth - 1) }
            }
        }

        mutating func object(_ count: Int, _ value: (inout Source) -> JSON) -> JSON {
            var object = JSONObject()
            for _ in 0..<count { object = object.setting(pick(Self.names), to: value(&self)) }
            return .object(object)
        }

        mutating func schema(_ depth: Int = 3) -> JSON {
            if depth == 0 { return pick([true, false, [:], ["type": "string"]]) }
            var schema = JSONObject()
            for _ in 0..<Int.random(in: 1..<4, using: &chance) {
                let (keyword, argument) = keyword(depth)
                schema = schema.setting(keyword, to: argument)
            }
            return .object(schema)
        }

        private mutating func keyword(_ depth: Int) -> (String, JSON) {
            let keyword = pick([
                "type", "enum", "const", "minimum", "exclusiveMaximum", "multipleOf", "minLength",
                "maxItems", "uniqueItems", "pattern", "format", "required", "properties",
                "patternProperties", "additionalProperties", "propertyNames", "items",
                "prefixItems", "contains", "minContains", "allOf", "anyOf", "oneOf", "not", "if",
                "then", "else", "dependentSchemas", "dependentRequired", "unevaluatedProperties",
                "unevaluatedItems", "minProperties",
            ])
            return (keyword, argument(keyword, depth))
        }

        private mutating func argument(_ keyword: String, _ depth: Int) -> JSON {
            switch keyword {
            case "type":
                pick(["null", "boolean", "integer", "number", "string", "array", "object"])
            case "enum": [value(), value(), value(1)]
            case "const": value()
            case "minimum", "exclusiveMaximum": number()
            case "multipleOf": pick([1, 2, 0.5, 0.1, 1e-8])
            case "minLength", "maxItems", "minContains", "minProperties": pick([0, 1, 2])
            case "uniqueItems": pick([true, false])
            case "pattern": pick(["^a", #"\d"#, "é$", ""])
            case "format": pick(["date", "hostname", "idn-hostname", "uri", "regex"])
            case "required": .array([.string(pick(Self.names))])
            case "dependentRequired": object(1) { [.string($0.pick(Self.names))] }
            case "properties", "dependentSchemas": object(2) { $0.schema(depth - 1) }
            case "patternProperties": ["^[aé]": schema(depth - 1)]
            case "prefixItems", "allOf", "anyOf", "oneOf": [schema(depth - 1), schema(depth - 1)]
            default: schema(depth - 1)
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `schemas keep the laws of logic`(seed: UInt64) throws {
        var source = Source(chance: SeededGenerator(seed: seed))
        for _ in 0..<30 {
            let written = source.schema()
            let schema = try Schema(written)
            let negation = try Schema(["not": written])
            let single = try Schema(["allOf": [written]])
            let either = try Schema(["anyOf": [written, false]])
            let one = try Schema(["oneOf": [written, false]])
            let chosen = try Schema(["if": written, "then": true, "else": false])
            let named = try Schema(["$defs": ["s": written], "$ref": "#/$defs/s"])
            let anchored = try Schema([
                "$defs": ["s": ["allOf": [written], "$dynamicAnchor": "s"]], "$dynamicRef": "#s",
            ])
            let known = try Schema([
                "allOf": [written], "unevaluatedProperties": true, "unevaluatedItems": true,
            ])
            for _ in 0..<12 {
                let value = source.value()
                let fits = schema.allows(value)
                let told = "\(written.compactText) for \(value.compactText)"
                #expect(negation.allows(value) != fits, "\(told)")
                for other in [single, either, one, chosen, named, anchored, known] {
                    #expect(other.allows(value) == fits, "\(told)")
                }
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `a value that does not fit has words, and one that fits has none`(seed: UInt64) throws {
        var source = Source(chance: SeededGenerator(seed: seed ^ 0x5eed))
        for _ in 0..<100 {
            let written = source.schema()
            let schema = try Schema(written)
            for _ in 0..<10 {
                let value = source.value()
                let failures = schema.validate(value)
                #expect(failures.isEmpty == schema.allows(value))
                for failure in failures {
                    #expect(!failure.message.isEmpty)
                    #expect(failure.message != "does not fit the schema", "\(written.compactText)")
                    // The keyword it names is there.
                    guard let pointer = try? JSONPointer(failure.schemaPointer) else {
                        Issue.record("\(failure.schemaPointer) is no pointer")
                        continue
                    }
                    #expect(written[pointer] != nil, "\(pointer) in \(written.compactText)")
                }
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `equal values have one answer, however they are written`(seed: UInt64) throws {
        var source = Source(chance: SeededGenerator(seed: seed ^ 0xca70))
        for _ in 0..<60 {
            let value = source.value()
            let again = try JSON.read(value.canonicalBytes)
            #expect(try Schema(["const": value]).allows(again))
            #expect(try Schema(["enum": [again]]).allows(value))
            let pair: JSON = [value, again]
            #expect(try !Schema(["uniqueItems": true]).allows(pair))
            let padding = (0..<20).map { JSON.array([.string("other"), .int($0)]) }
            #expect(try !Schema(["uniqueItems": true]).allows(.array([value] + padding + [again])))
            let other = source.value()
            let isSame = value == other
            #expect(try Schema(["const": value]).allows(other) == isSame)
            #expect(
                try Schema(["uniqueItems": true]).allows(.array([value] + padding + [other]))
                    != isSame
            )
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func `no text makes the compiler fail but by diagnostics`(seed: UInt64) throws {
        var source = Source(chance: SeededGenerator(seed: seed ^ 0xf022))
        let pieces = [
            "\"", "{", "}", "[", "]", ",", ":", "true", "null", "1", "-1", "1e400",
            "\"$ref\":\"#\",",
            "\"$id\":\"a\",", "\"$dynamicRef\":\"#x\",", "\"$anchor\":\"x\",", "\"items\":[],",
            "\"$dynamicAnchor\":\"x\",", "\"allOf\":{},", "\"properties\":3,", "\"$ref\":\"#/\",",
            "\"pattern\":\"(?\",", "\"pattern\":\"[a\\\\\",", "\"$ref\":\"#/not/properties/a\",",
            "\"$ref\":\"https://json-schema.org/draft/2020-12/schema\",", "\"minLength\":1e99,",
        ]
        var compiled = 0
        for _ in 0..<120 {
            var text = Array(source.schema().compactText.unicodeScalars)
            for _ in 0..<Int.random(in: 1..<4, using: &source.chance) {
                let place = Int.random(in: 0...text.count, using: &source.chance)
                let end = min(text.count, place + Int.random(in: 0..<3, using: &source.chance))
                text.replaceSubrange(place..<end, with: Array(source.pick(pieces).unicodeScalars))
            }
            var written = ""
            written.unicodeScalars.append(contentsOf: text)
            do {
                let schema = try Schema(try JSON.read(written))
                _ = schema.validate(source.value())
                compiled += 1
            } catch let error as Diagnostics {
                #expect(error.list.contains { $0.severity == .error })
            } catch is JSONError {
                continue
            }
        }
        #expect(compiled > 0)
    }
}
