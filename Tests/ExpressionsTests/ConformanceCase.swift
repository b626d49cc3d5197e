import Foundation
import TestSupport
import Values

@testable import Expressions

/// One case of the public CEL suite, as its README describes it.
struct ConformanceCase: Sendable, CustomStringConvertible {
    let json: JSON

    var id: String { json["id"]?.string ?? "?" }
    var description: String { id }

    static func cases(_ file: String) throws -> [ConformanceCase] {
        let cases = try Conformance.json("cel/\(file).json")["cases"]?.array ?? []
        return cases.map(ConformanceCase.init)
    }

    /// Nothing when it passes; otherwise what went wrong.
    func failure() -> String? {
        let fragment = SourceFragment(name: "<case>", text: json["expr"]?.string ?? "")
        let environment = environment()
        let expectsError =
            json["expected"]?["error"] != nil || json["expected"]?["any_errors"] != nil
        do {
            let program = try compile(fragment, environment)
            if let type = json["expected_type"], json["disable_check"]?.bool != true {
                let wanted = Self.type(type)
                if program.resultType != wanted {
                    return "type \(program.resultType), expected \(wanted)"
                }
            }
            if json["check_only"]?.bool == true { return nil }
            var bindings = Bindings(environment)
            for member in json["bindings"]?.object?.members ?? [] {
                if let value = Self.value(member.value) { bindings.set(member.name, to: value) }
            }
            let value = try program.evaluate(bindings)
            if expectsError { return "\(value), expected an error" }
            guard let expected = json["expected"].flatMap(Self.value) else {
                return "\(value), and what is expected cannot be read"
            }
            return Self.same(value, expected) ? nil : "\(value), expected \(expected)"
        } catch {
            return expectsError ? nil : "\(error)"
        }
    }

    private func compile(
        _ fragment: SourceFragment,
        _ environment: ExpressionEnvironment
    ) throws -> Program {
        if json["disable_check"]?.bool == true {
            return try environment.compileUnchecked(
                fragment,
                macros: json["disable_macros"]?.bool != true
            )
        }
        return try environment.compile(fragment)
    }

    private func environment() -> ExpressionEnvironment {
        var variables: [Variable] = []
        var functions = Overload.standard
        for declaration in json["type_env"]?.array ?? [] {
            let name = declaration["name"]?.string ?? ""
            if let type = declaration["ident"] { variables.append(Variable(name, Self.type(type))) }
            for overload in declaration["function"]?.array ?? [] {
                let parameters = (overload["args"] ?? overload["params"])?.array ?? []
                let types = parameters.map(Self.type)
                let result = Self.type(overload["result"] ?? "dyn")
                functions[name, default: []].append(
                    overload["is_instance"]?.bool == true
                        ? Overload(method: name, types, result) : Overload(name, types, result)
                )
            }
        }
        let declared = Set(variables.map(\.name))
        for name in json["bindings"]?.object?.names ?? [] where !declared.contains(name) {
            variables.append(Variable(name, .dyn))
        }
        return ExpressionEnvironment(
            variables: variables,
            container: json["container"]?.string ?? "",
            rules: .standard,
            functions: functions,
            zones: Self.zone
        )
    }

    /// The rules of a zone as this machine has them.
    @Sendable static func zone(_ name: String) -> TimeZoneRules? {
        let file = URL(filePath: "/usr/share/zoneinfo").appending(path: name)
        guard !name.contains(".."), let data = try? Data(contentsOf: file) else { return nil }
        return try? TimeZoneRules(name: name, tzif: [UInt8](data))
    }

    static func type(_ json: JSON) -> ExpressionType {
        switch json {
        case .string(let name):
            switch name {
            case "null_type": return .null
            case "bool": return .bool
            case "int": return .int
            case "uint": return .uint
            case "double": return .double
            case "string": return .string
            case "bytes": return .bytes
            case "timestamp": return .timestamp
            case "duration": return .duration
            default: return .dyn
            }
        default: break
        }
        if let element = json["list"] { return .list(type(element)) }
        if let pair = json["map"]?.array, pair.count == 2 {
            return .map(type(pair[0]), type(pair[1]))
        }
        if let inner = json["type"] { return .type(type(inner)) }
        if let name = json["type_param"]?.string { return .parameter(name) }
        if let name = json["message"]?.string { return .named(name) }
        if let abstract = json["abstract"], let name = abstract["name"]?.string {
            let parameters = (abstract["params"]?.array ?? []).map(type)
            return name == "optional_type"
                ? .optional(parameters.first ?? .dyn) : .opaque(name, parameters)
        }
        return .dyn
    }

    static func value(_ json: JSON) -> ExpressionValue? {
        guard let member = json.object?.members.first else { return nil }
        let text = member.value.string ?? ""
        switch member.name {
        case "null": return .null
        case "bool": return .bool(member.value.bool ?? false)
        case "int": return Int64(text).map(ExpressionValue.int)
        case "uint": return UInt64(text).map(ExpressionValue.uint)
        case "double":
            switch text {
            case "NaN": return .double(.nan)
            case "Infinity": return .double(.infinity)
            case "-Infinity": return .double(-.infinity)
            default: return Double(text).map(ExpressionValue.double)
            }
        case "string": return .string(text)
        case "bytes": return .bytes(base64(text))
        case "list": return .list(member.value.array?.compactMap(value) ?? [])
        case "map":
            var map = ExpressionMap()
            for pair in member.value.array ?? [] {
                guard let pair = pair.array, let key = value(pair[0]), let item = value(pair[1])
                else { return nil }
                _ = map.insert(key, item)
            }
            return .map(map)
        case "timestamp": return Timestamp(text).map(ExpressionValue.timestamp)
        case "duration": return Span(text).map(ExpressionValue.duration)
        case "type": return .type(text)
        default: return nil
        }
    }

    private static func base64(_ text: String) -> [UInt8] {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        var bits: UInt32 = 0
        var count = 0
        var bytes: [UInt8] = []
        for digit in text.utf8 {
            guard let value = alphabet.firstIndex(of: digit) else { break }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    /// Equal and of the same kind; NaN is NaN.
    private static func same(_ a: ExpressionValue, _ b: ExpressionValue) -> Bool {
        if case .double(let x) = a, case .double(let y) = b {
            return x == y && x.sign == y.sign || x.isNaN && y.isNaN
        }
        if let count = a.elementCount, count == b.elementCount {
            return (0..<count).allSatisfy { same(a.element($0), b.element($0)) }
        }
        if let count = a.memberCount, count == b.memberCount {
            return a.keys.allSatisfy { key in
                guard let x = a.member(key), let y = b.member(key) else { return false }
                return same(x, y)
            }
        }
        return a.typeName == b.typeName && a == b
    }
}
