import Documents
import Expressions
import Values

/// JSON Schema on the first line and values on those after it: validating ends, `not` inverts, and
/// what stands around a schema changes nothing.
@Sendable
func fuzzSchemas(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard let first = lines.first else { return }
    readPicoschema(Array(first))
    guard let document = try? JSON.read(Array(first)) else { return }
    guard let schema = compile(document) else { return }
    _ = ExpressionType(schema: document)
    let around = surroundings(of: document)
    var values = lines.dropFirst().compactMap { try? JSON.read(Array($0)) }
    values += [.null, document, [:], [1, "a"], 0.5, ""]
    for value in values { validate(value, schema, around) }
}

private struct Surroundings {
    let inverted: Schema
    let same: [Schema]
}

/// The schema inside others; nothing where a reference would then lead elsewhere.
private func surroundings(of document: JSON) -> Surroundings? {
    let text = document.compactText
    for word in ["$ref", "$id", "$anchor", "$dynamic", "$defs", "$schema"]
    where text.contains(word) {
        return nil
    }
    guard let inverted = compile(["not": document]),
        let all = compile(["allOf": [document, true]]),
        let any = compile(["anyOf": [false, document]])
    else { broken("a schema that compiles does not inside another") }
    return Surroundings(inverted: inverted, same: [all, any])
}

private func validate(_ value: JSON, _ schema: Schema, _ around: Surroundings?) {
    let failures = schema.validate(value)
    hold(failures.count <= Values.Limits.schemaFailures, "too many failures are kept")
    hold(failures == schema.validate(value), "a value fits once and not again")
    for failure in failures {
        hold(!failure.message.isEmpty, "a failure says nothing")
        // What is missing is told of at the place where it would be.
        let isMissing = ["required", "dependentRequired"].contains(failure.keyword)
        hold(
            isMissing || value[failure.pointer] != nil,
            "there is nothing at \(failure.pointer), which fails \(failure.keyword)"
        )
    }
    guard let around, !isCut(failures) else { return }
    let others = around.inverted.validate(value)
    if isCut(others) { return }
    hold(others.isEmpty != failures.isEmpty, "a value fits a schema and its opposite, or neither")
    for same in around.same {
        let others = same.validate(value)
        if isCut(others) { continue }
        hold(others.isEmpty == failures.isEmpty, "a value fits a schema, and not inside another")
    }
}

/// Whether a limit ended it.
private func isCut(_ failures: [SchemaFailure]) -> Bool {
    failures.contains { $0.keyword == "$ref" }
}

private func compile(_ document: JSON) -> Schema? {
    do {
        return try Schema(document)
    } catch {
        error.holdPlaces(in: Array(document.compactText.utf8), named: "<schema>")
        return nil
    }
}

/// The same text as YAML: what Picoschema makes of it is a schema.
private func readPicoschema(_ bytes: [UInt8]) {
    do {
        let node = try YAMLReader().read(try SourceText.decoding(name: "p", bytes: bytes))
        let document = try Picoschema.schema(from: node)
        // What already is JSON Schema passes through, and may be wrong.
        if let schema = compile(document) {
            _ = schema.validate(document)
            _ = ExpressionType(schema: document)
        }
    } catch {
        error.holdPlaces(in: bytes, named: "p")
    }
}
