/// One validation: walks a value along the rules and keeps what does not fit.
struct SchemaValidation {
    let rules: [SchemaRule]
    private(set) var failures: [SchemaFailure] = []
    /// Where a limit ended it.
    ///
    /// Kept beside the failures, which `not`, `anyOf` and the like look past: a value that was not
    /// followed to its end never fits.
    private(set) var cut: SchemaFailure?
    private var depth = 0
    private var steps = 0

    init(rules: [SchemaRule]) { self.rules = rules }

    mutating func check(_ value: JSON, by rule: Int, at place: JSONPointer) {
        guard cut == nil else { return }
        steps += 1
        guard depth < Limits.schemaDepth, steps <= Limits.schemaSteps else {
            let message = "the schema goes in circles, or the value is too large for it"
            cut = SchemaFailure(place, "$ref", message)
            return
        }
        depth += 1
        defer { depth -= 1 }
        for check in rules[rule].checks where failures.count < Limits.schemaFailures {
            apply(check, to: value, at: place)
        }
    }

    private mutating func fits(_ value: JSON, _ rule: Int, at place: JSONPointer) -> Bool {
        let before = failures
        failures = []
        defer { failures = before }
        check(value, by: rule, at: place)
        return failures.isEmpty
    }

    private mutating func fail(_ place: JSONPointer, _ keyword: String, _ message: String) {
        if failures.count < Limits.schemaFailures {
            failures.append(SchemaFailure(place, keyword, message))
        }
    }

    private mutating func apply(
        _ check: SchemaRule.Check,
        to value: JSON,
        at place: JSONPointer
    ) {
        switch check {
        case .never: fail(place, "false", "nothing is allowed here")
        case .types(let kinds): checkType(value, kinds, place)
        case .allowed(let values, let keyword): checkAllowed(value, values, keyword, place)
        case .minimum, .maximum, .multipleOf: checkNumber(check, value, place)
        case .length, .pattern: checkString(check, value, place)
        case .items, .itemCount, .uniqueItems, .contains: checkArray(check, value, place)
        case .members, .required, .memberCount, .names, .dependentRequired, .dependent:
            if case .object(let object) = value { checkObject(check, object, place) }
        case .all(let numbers): for number in numbers { self.check(value, by: number, at: place) }
        case .any(let numbers):
            for number in numbers where fits(value, number, at: place) { return }
            fail(place, "anyOf", "fits none of the \(numbers.count) allowed forms")
        case .one(let numbers):
            var count = 0
            for number in numbers where fits(value, number, at: place) { count += 1 }
            if count != 1 { fail(place, "oneOf", "fits \(count) forms, expected exactly one") }
        case .not(let number):
            if fits(value, number, at: place) { fail(place, "not", "has a form that is ruled out") }
        case .conditional(let condition, let then, let otherwise):
            let branch = fits(value, condition, at: place) ? then : otherwise
            if let branch { self.check(value, by: branch, at: place) }
        case .reference(let number): self.check(value, by: number, at: place)
        }
    }

    private mutating func checkType(
        _ value: JSON,
        _ kinds: Set<SchemaRule.Kind>,
        _ place: JSONPointer
    ) {
        if kinds.contains(SchemaRule.Kind(of: value)) { return }
        var names = SchemaRule.Kind.allCases.filter(kinds.contains).map(\.rawValue)
        if kinds.contains(.number) { names.removeAll { $0 == "integer" } }
        fail(
            place,
            "type",
            "expected \(names.joined(separator: " or ")); got \(value.kindWithArticle)"
        )
    }

    private mutating func checkAllowed(
        _ value: JSON,
        _ values: [JSON],
        _ keyword: String,
        _ place: JSONPointer
    ) {
        if values.contains(value) { return }
        let shown = values.prefix(Limits.namesShown).map { $0.string ?? $0.compactText }
        let more = values.count > shown.count ? ", …" : ""
        let hint = value.string.flatMap { nearest($0, in: values.compactMap(\.string)) }
        fail(
            place,
            keyword,
            "expected \(values.count == 1 ? "" : "one of ")\(shown.joined(separator: ", "))\(more); "
                + "got \(value.shown)" + (hint.map { "; did you mean '\($0)'?" } ?? "")
        )
    }

    private mutating func checkNumber(
        _ check: SchemaRule.Check,
        _ value: JSON,
        _ place: JSONPointer
    ) {
        guard value.number != nil else { return }
        switch check {
        case .minimum(let bound, let exclusive):
            let order = NumberOrder.compare(value, bound)
            if order == .less || exclusive && order == .equal {
                let words = exclusive ? "above" : "at least"
                fail(place, "minimum", "must be \(words) \(bound.compactText); got \(value.shown)")
            }
        case .maximum(let bound, let exclusive):
            let order = NumberOrder.compare(value, bound)
            if order == .greater || exclusive && order == .equal {
                let words = exclusive ? "below" : "at most"
                fail(place, "maximum", "must be \(words) \(bound.compactText); got \(value.shown)")
            }
        case .multipleOf(let factor):
            let quotient = (value.number ?? 0) / factor
            if !quotient.isFinite || quotient.rounded() != quotient {
                fail(place, "multipleOf", "must be a multiple of \(factor); got \(value.shown)")
            }
        default: break
        }
    }

    private mutating func checkString(
        _ check: SchemaRule.Check,
        _ value: JSON,
        _ place: JSONPointer
    ) {
        guard case .string(let text) = value else { return }
        switch check {
        case .length(let min, let max):
            let count = text.unicodeScalars.count
            if let min, count < min {
                fail(place, "minLength", "needs at least \(min) characters; has \(count)")
            }
            if let max, count > max {
                fail(place, "maxLength", "may have at most \(max) characters; has \(count)")
            }
        case .pattern(let expression):
            if !expression.matches(text) {
                fail(place, "pattern", "must match \(expression.pattern); got \(value.shown)")
            }
        default: break
        }
    }

    private mutating func checkArray(
        _ check: SchemaRule.Check,
        _ value: JSON,
        _ place: JSONPointer
    ) {
        guard case .array(let elements) = value else { return }
        switch check {
        case .items(let prefix, let rest):
            for (index, element) in elements.enumerated() {
                let rule = index < prefix.count ? prefix[index] : rest
                if let rule { self.check(element, by: rule, at: place.appending(index)) }
            }
        case .itemCount(let min, let max):
            if let min, elements.count < min {
                fail(place, "minItems", "needs at least \(min) elements; has \(elements.count)")
            }
            if let max, elements.count > max {
                fail(place, "maxItems", "may have at most \(max) elements; has \(elements.count)")
            }
        case .uniqueItems:
            var seen: Set<[UInt8]> = []
            for element in elements where !seen.insert(element.canonicalBytes).inserted {
                fail(place, "uniqueItems", "has an element twice: \(element.shown)")
                return
            }
        case .contains(let rule, let min, let max):
            let count = elements.indices.count { fits(elements[$0], rule, at: place.appending($0)) }
            if count < min || count > max ?? count {
                fail(place, "contains", "has \(count) elements of the form asked for")
            }
        default: break
        }
    }

    private mutating func checkObject(
        _ check: SchemaRule.Check,
        _ object: JSONObject,
        _ place: JSONPointer
    ) {
        switch check {
        case .members(let members): checkMembers(members, object, place)
        case .required(let names):
            for name in names where object[name] == nil {
                fail(place.appending(name), "required", "is missing")
            }
        case .memberCount(let min, let max):
            if let min, object.count < min {
                fail(place, "minProperties", "needs at least \(min) members; has \(object.count)")
            }
            if let max, object.count > max {
                fail(place, "maxProperties", "may have at most \(max) members; has \(object.count)")
            }
        case .names(let rule):
            for name in object.names {
                self.check(.string(name), by: rule, at: place.appending(name))
            }
        case .dependentRequired(let all):
            for member in object.members {
                for name in all[member.name] ?? [] where object[name] == nil {
                    fail(
                        place.appending(name),
                        "dependentRequired",
                        "is missing; '\(member.name)' needs it"
                    )
                }
            }
        case .dependent(let all):
            for member in object.members {
                if let rule = all[member.name] { self.check(.object(object), by: rule, at: place) }
            }
        default: break
        }
    }

    private mutating func checkMembers(
        _ members: SchemaRule.Members,
        _ object: JSONObject,
        _ place: JSONPointer
    ) {
        for member in object.members {
            var known = false
            if let rule = members.named[member.name] {
                known = true
                check(member.value, by: rule, at: place.appending(member.name))
            }
            for (expression, rule) in members.patterns where expression.matches(member.name) {
                known = true
                check(member.value, by: rule, at: place.appending(member.name))
            }
            guard !known, let others = members.others else { continue }
            if case .never? = rules[others].checks.first {
                let hint = nearest(member.name, in: members.named.keys.sorted())
                fail(
                    place.appending(member.name),
                    "additionalProperties",
                    "is not a field of this schema" + (hint.map { "; did you mean '\($0)'?" } ?? "")
                )
            } else {
                check(member.value, by: others, at: place.appending(member.name))
            }
        }
    }
}

extension JSON {
    /// The value, short enough for a message.
    fileprivate var shown: String {
        let text = string.map { "'\($0)'" } ?? compactText
        return text.count <= 60 ? text : text.prefix(57) + "…"
    }
}
