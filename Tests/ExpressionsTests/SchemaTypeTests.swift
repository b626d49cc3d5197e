import TestSupport
import Testing
import Values

@testable import Expressions

/// What a schema accepts and what its type lets an expression assume are one.
struct SchemaTypeTests {
    @Test(arguments: SeededGenerator.seeds)
    func `an expression that checks never meets a value of another type`(seed: UInt64) throws {
        var writer = SchemaWriter(seed: seed)
        for _ in 0..<20 {
            let document = writer.document()
            let schema = try Schema(document)
            let environment = ExpressionEnvironment(
                variables: [Variable("input", ExpressionType(schema: document))]
            )
            for _ in 0..<8 {
                let text = writer.condition("input", document, optional: false, depth: 3)
                let program = try environment.compile(
                    SourceFragment(name: "<condition>", text: text),
                    expecting: .bool
                )
                for _ in 0..<4 {
                    let value = writer.value(document, depth: 3)
                    let failures = schema.validate(value)
                    #expect(failures.isEmpty, "\(value.compactText) \(failures)")
                    var bindings = Bindings(environment)
                    bindings.set("input", json: value)
                    let outcome = program.condition(bindings)
                    if case .failed(let error) = outcome {
                        #expect(
                            error.code == .overflow,
                            "\(error) for \(text)\n\(document.compactText)\n\(value.compactText)"
                        )
                    }
                }
            }
        }
    }
}

/// Writes schemas, values that they accept, and conditions that check.
private struct SchemaWriter {
    private var generator: SeededGenerator
    private var names = 0
    /// Schemas that others may refer to, by their pointers.
    private var definitions: [String: JSON] = [:]
    /// References that are being followed; inside of itself one is of any type.
    private var open: Set<String> = []

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    private mutating func flip() -> Bool { Bool.random(using: &generator) }

    // MARK: Schemas

    /// An object with definitions, of which one refers to itself.
    mutating func document() -> JSON {
        definitions = [:]
        let plain = schema(depth: 1)
        let node: JSON = [
            "type": "object", "required": ["value"],
            "properties": ["value": ["type": "number"], "next": ["$ref": "#/$defs/node"]],
        ]
        definitions = ["#/$defs/plain": plain, "#/$defs/node": node]
        guard let whole = object(depth: 3).object else { preconditionFailure("it is an object") }
        return .object(whole.setting("$defs", to: ["plain": plain, "node": node]))
    }

    private mutating func object(depth: Int) -> JSON {
        var properties: [JSONObject.Member] = []
        var required: [JSON] = []
        for index in 0..<number(1...4) {
            properties.append(.init("p\(index)", schema(depth: depth - 1)))
            if flip() { required.append(.string("p\(index)")) }
        }
        var members: [JSONObject.Member] = [
            .init("type", "object"), .init("required", .array(required)),
            .init("properties", .object(JSONObject(uniqueMembers: properties))),
        ]
        if flip() { members.append(.init("additionalProperties", false)) }
        return .object(JSONObject(uniqueMembers: members))
    }

    private mutating func schema(depth: Int) -> JSON {
        switch number(0...(depth > 0 ? 15 : 9)) {
        case 0: return ["type": "string"]
        case 1: return ["type": "number"]
        case 2: return ["type": "integer"]
        case 3: return ["type": "boolean"]
        case 4: return ["enum": ["red", "green", "blue"]]
        case 5: return ["type": ["number", "null"]]
        case 6: return ["enum": ["a", .null]]
        case 7: return ["const": "red"]
        case 8: return ["oneOf": [["type": "string"], ["type": "number"]]]
        case 9: return ["anyOf": [["type": "string"], ["type": "null"]]]
        case 10, 11: return ["type": "array", "items": schema(depth: depth - 1)]
        case 12: return ["type": "object", "additionalProperties": schema(depth: depth - 1)]
        case 13 where !definitions.isEmpty:
            return ["$ref": .string(flip() ? "#/$defs/plain" : "#/$defs/node")]
        case 14:
            return ["anyOf": [schema(depth: depth - 1), schema(depth: depth - 1)]]
        default: return object(depth: depth)
        }
    }

    private func definition(_ schema: JSON) -> JSON? {
        schema["$ref"]?.string.flatMap { definitions[$0] }
    }

    /// The alternatives of a schema that has some; its values are of any type.
    private func forms(_ schema: JSON) -> [JSON]? {
        (schema["oneOf"] ?? schema["anyOf"])?.array
    }

    // MARK: Values

    mutating func value(_ schema: JSON, depth: Int) -> JSON {
        if let target = definition(schema) { return value(target, depth: depth) }
        if let constant = schema["const"] { return constant }
        if let forms = forms(schema) { return value(forms[number(0...1)], depth: depth) }
        if let members = schema["enum"]?.array { return members[number(0...members.count - 1)] }
        let isNullable = schema["type"]?.array != nil
        if isNullable, flip() { return .null }
        switch schema["type"]?.string ?? "number" {
        case "null": return .null
        case "string": return .string(["", "a", "b1", "Zoë"][number(0...3)])
        case "number": return [1, 2.5, -3, 1e10][number(0...3)]
        case "integer": return [0, 4.0, -2, 7][number(0...3)]
        case "boolean": return .bool(flip())
        case "array":
            let items = schema["items"] ?? true
            return .array((0..<number(0...3)).map { _ in value(items, depth: depth - 1) })
        default: return objectValue(schema, depth: depth)
        }
    }

    private mutating func objectValue(_ schema: JSON, depth: Int) -> JSON {
        guard let properties = schema["properties"]?.object else {
            let items = schema["additionalProperties"] ?? true
            let count = number(0...3)
            return .object(
                JSONObject(
                    uniqueMembers: (0..<count).map {
                        .init("k\($0)", value(items, depth: depth - 1))
                    }
                )
            )
        }
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        var members: [JSONObject.Member] = []
        for property in properties.members
        where required.contains(property.name) || depth > 0 && flip() {
            members.append(.init(property.name, value(property.value, depth: depth - 1)))
        }
        if schema["additionalProperties"] == nil { members.append(.init("other", 5)) }
        return .object(JSONObject(uniqueMembers: members))
    }

    // MARK: Conditions

    /// A condition about the value at a place; one that may be absent is guarded first.
    mutating func condition(_ place: String, _ schema: JSON, optional: Bool, depth: Int) -> String {
        if optional {
            let inner = condition(place, schema, optional: false, depth: depth)
            return flip() ? "(has(\(place)) && (\(inner)))" : "(!has(\(place)) || (\(inner)))"
        }
        if let target = definition(schema), let name = schema["$ref"]?.string {
            guard open.insert(name).inserted else { return "\(place) != 'x'" }
            defer { open.remove(name) }
            return condition(place, target, optional: false, depth: depth)
        }
        if schema["const"] != nil { return "\(place) == 'red'" }
        if forms(schema) != nil { return "(\(place) == 'a' || \(place) != 2)" }
        if let members = schema["enum"]?.array {
            return members.contains(.null)
                ? "\(place) == 'a'" : "\(place) in ['red', 'green'] || \(place).startsWith('b')"
        }
        switch schema["type"]?.string ?? "number" {
        case "string": return "\(place).upperAscii() + 'x' != '' && size(\(place)) < 9"
        case "number": return "(\(place) + 1 > 2 || math.floor(\(place)) * 2 == 4.0)"
        case "integer": return "(\(place) % 2 == 1 || \(place) - 1 == math.abs(\(place)))"
        case "boolean": return "(\(place) || !\(place))"
        case "array": return list(place, schema["items"] ?? true, depth)
        default: return object(place, schema, depth)
        }
    }

    /// Whether a value may be null, so that elements of it are of any type.
    private func mayBeNull(_ schema: JSON) -> Bool {
        if let target = definition(schema) { return mayBeNull(target) }
        return schema["type"]?.array != nil || schema["enum"]?.array?.contains(.null) == true
    }

    private mutating func list(_ place: String, _ items: JSON, _ depth: Int) -> String {
        names += 1
        let name = "v\(names)"
        if mayBeNull(items) { return "\(place).all(\(name), \(name) != 'x')" }
        let inner = condition(name, items, optional: false, depth: depth - 1)
        switch items["type"]?.string {
        case "number": return "\(place).sort().map(\(name), \(name) * 2).all(\(name), \(inner))"
        case "integer":
            return "(\(place) + [1]).sort().all(\(name), \(inner)) || \(place).distinct() == [2]"
        case "string":
            return "\(place).join(',').contains('a') || \(place).exists(\(name), \(inner))"
        default: return "\(place).\(flip() ? "all" : "exists")(\(name), \(inner))"
        }
    }

    private mutating func object(_ place: String, _ schema: JSON, _ depth: Int) -> String {
        names += 1
        guard let properties = schema["properties"]?.object else {
            let items = schema["additionalProperties"] ?? true
            let name = "v\(names)"
            if mayBeNull(items) { return "\(place).exists(\(name), \(name) == 'k1')" }
            let inner = condition(name, items, optional: false, depth: depth - 1)
            return "\(place).all(k\(name), \(name), \(inner))"
        }
        let property = properties.members[number(0...properties.count - 1)]
        let isRequired = schema["required"]?.array?.contains(.string(property.name)) ?? false
        return condition(
            "\(place).\(property.name)",
            property.value,
            optional: !isRequired || mayBeNull(property.value),
            depth: depth - 1
        )
    }
}
