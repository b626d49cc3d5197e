/// One validation: follows a value along the rules and says whether it fits.
///
/// It keeps no failures, so a value that fits costs no allocation; `SchemaExplanation` finds the
/// words for one that does not.
struct SchemaCheck {
    /// A limit that ended the validation.
    struct Cut {
        let message: String
        /// The tokens of the place, the innermost first.
        var tokens: [String] = []

        var failure: SchemaFailure {
            SchemaFailure(JSONPointer(tokens: tokens.reversed()), "limit", message)
        }
    }

    let program: SchemaProgram
    /// What ended it; kept beside the answers, which `not`, `anyOf` and the like look past: a value
    /// that was not followed to its end never fits.
    private(set) var cut: Cut?
    private var depth = 0
    private var steps = 0

    init(_ program: SchemaProgram) { self.program = program }

    /// Whether a value fits a rule; `marks` are kept of the parts that were looked at.
    mutating func fits(_ value: JSON, _ number: Int, _ marks: SchemaMarks?) -> Bool {
        guard enter() else { return false }
        defer { depth -= 1 }
        let rule = program.rules[number]
        if !rule.kinds.contains(SchemaKinds(of: value)) { return false }
        if rule.otherMembers >= 0 || rule.otherItems >= 0, let own = SchemaMarks(value) {
            return fitsWithRest(value, rule, own, marks)
        }
        for index in rule.checks where !passes(value, program.keywords[index], marks) {
            return false
        }
        return true
    }

    private mutating func enter() -> Bool {
        guard cut == nil else { return false }
        steps += 1
        if depth == Limits.schemaDepth {
            cut = Cut(message: "needs more than \(Limits.schemaDepth) schemas inside each other")
            return false
        }
        if steps > Limits.schemaSteps {
            cut = Cut(message: "takes more than \(Limits.schemaSteps) steps to check")
            return false
        }
        depth += 1
        return true
    }

    /// Counts work that a single step does not stand for.
    private mutating func work(_ amount: Int) { steps += amount }

    private mutating func fits(_ value: JSON, _ rule: Int, member name: String) -> Bool {
        if cut != nil { return false }
        let fits = fits(value, rule, nil)
        if cut != nil { cut?.tokens.append(name) }
        return fits
    }

    private mutating func fits(_ value: JSON, _ rule: Int, element position: Int) -> Bool {
        if cut != nil { return false }
        let fits = fits(value, rule, nil)
        if cut != nil { cut?.tokens.append(String(position)) }
        return fits
    }

    /// The rule's keywords, then its `unevaluated…` for what they left.
    private mutating func fitsWithRest(
        _ value: JSON,
        _ rule: SchemaRule,
        _ own: SchemaMarks,
        _ marks: SchemaMarks?
    ) -> Bool {
        for index in rule.checks where !passes(value, program.keywords[index], own) {
            return false
        }
        if case .object(let object) = value, rule.otherMembers >= 0 {
            for (index, member) in object.members.enumerated() where !own.contains(index) {
                if !fits(member.value, rule.otherMembers, member: member.name) { return false }
            }
            own.insertAll()
        }
        if case .array(let elements) = value, rule.otherItems >= 0 {
            for (index, element) in elements.enumerated() where !own.contains(index) {
                if !fits(element, rule.otherItems, element: index) { return false }
            }
            own.insertAll()
        }
        marks?.formUnion(own)
        return true
    }

    /// Whether a value passes one keyword.
    mutating func passes(_ value: JSON, _ check: SchemaKeyword, _ marks: SchemaMarks?) -> Bool {
        switch check {
        case .never: false
        case .enumeration(let number): isAllowed(value, program.enumerations[number])
        case .minimum, .maximum, .multipleOf: passesNumber(value, check)
        case .minLength, .maxLength, .pattern, .format: passesText(value, check)
        case .members(let number): passesMembers(value, program.members[number], marks)
        case .minProperties, .maxProperties, .propertyNames, .dependentRequired:
            passesObject(value, check)
        case .dependentSchemas(let number):
            passesDependent(value, program.dependencies[number], marks)
        case .items(let prefix, let rest): passesItems(value, prefix, rest, marks)
        case .minItems, .maxItems, .uniqueItems: passesArray(value, check)
        case .contains(let rule, let min, let max): contains(value, rule, min, max, marks)
        case .allOf, .anyOf, .oneOf, .not, .conditional, .reference:
            passesApplied(value, check, marks)
        }
    }

    // MARK: Schemas for the value itself

    private mutating func passesApplied(
        _ value: JSON,
        _ check: SchemaKeyword,
        _ marks: SchemaMarks?
    ) -> Bool {
        switch check {
        case .allOf(let run):
            for index in run where !fits(value, program.runs[index], marks) { return false }
            return true
        case .anyOf(let run):
            var any = false
            // Each form that fits may mark other parts.
            for index in run where !any || marks != nil {
                if fitsApart(value, program.runs[index], marks) { any = true }
            }
            return any
        case .oneOf(let run):
            var count = 0
            for index in run where count < 2 && fitsApart(value, program.runs[index], marks) {
                count += 1
            }
            return count == 1
        case .not(let rule): return !fits(value, rule, nil)
        case .conditional(let condition, let then, let otherwise):
            let branch = fitsApart(value, condition, marks) ? then : otherwise
            return branch.map { fits(value, $0, marks) } ?? true
        case .reference(let rule): return fits(value, rule, marks)
        default: return true
        }
    }

    /// Whether a value fits, marking nothing when it does not.
    mutating func fitsApart(_ value: JSON, _ rule: Int, _ marks: SchemaMarks?) -> Bool {
        guard let marks else { return fits(value, rule, nil) }
        let own = SchemaMarks(count: marks.count)
        guard fits(value, rule, own) else { return false }
        marks.formUnion(own)
        return true
    }

    private mutating func passesDependent(
        _ value: JSON,
        _ dependencies: SchemaDependencies,
        _ marks: SchemaMarks?
    ) -> Bool {
        guard case .object(let object) = value else { return true }
        for each in dependencies.all where object[each.name] != nil {
            if !fits(value, each.rule, marks) { return false }
        }
        return true
    }

    // MARK: Objects

    private mutating func passesMembers(
        _ value: JSON,
        _ members: SchemaMembers,
        _ marks: SchemaMarks?
    ) -> Bool {
        guard case .object(let object) = value else { return true }
        var missing = members.requiredCount
        if object.count < missing { return false }
        var likely = 0
        for index in object.members.indices {
            let name = object.members[index].name
            var isKnown = false
            if let position = members.names.position(of: name, likely: likely) {
                likely = position + 1
                if members.isRequired[position] { missing -= 1 }
                let rule = members.rules[position]
                if rule >= 0 {
                    isKnown = true
                    guard fits(object.members[index].value, rule, member: name) else {
                        return false
                    }
                }
            }
            for (expression, rule) in members.patterns {
                work(1 + name.utf8.count >> 6)
                guard expression.matches(name) else { continue }
                isKnown = true
                guard fits(object.members[index].value, rule, member: name) else { return false }
            }
            if !isKnown, let others = members.others {
                isKnown = true
                guard fits(object.members[index].value, others, member: name) else { return false }
            }
            if isKnown { marks?.insert(index) }
        }
        return missing == 0
    }

    private mutating func passesObject(_ value: JSON, _ check: SchemaKeyword) -> Bool {
        guard case .object(let object) = value else { return true }
        switch check {
        case .minProperties(let min): return object.count >= min
        case .maxProperties(let max): return object.count <= max
        case .propertyNames(let rule):
            for member in object.members
            where !fits(.string(member.name), rule, member: member.name) { return false }
            return true
        case .dependentRequired(let number):
            for each in program.dependencies[number].all where object[each.name] != nil {
                work(each.needed.count)
                for other in each.needed where object[other] == nil { return false }
            }
            return true
        default: return true
        }
    }

    // MARK: Arrays

    private mutating func passesItems(
        _ value: JSON,
        _ prefix: Range<Int>,
        _ rest: Int?,
        _ marks: SchemaMarks?
    ) -> Bool {
        guard case .array(let elements) = value else { return true }
        for index in elements.indices {
            let given = index < prefix.count ? program.runs[prefix.lowerBound + index] : rest
            guard let rule = given else { break }
            if !fits(elements[index], rule, element: index) { return false }
            marks?.insert(index)
        }
        return true
    }

    private mutating func passesArray(_ value: JSON, _ check: SchemaKeyword) -> Bool {
        guard case .array(let elements) = value else { return true }
        switch check {
        case .minItems(let min): return elements.count >= min
        case .maxItems(let max): return elements.count <= max
        default: return JSON.equalElements(in: elements) == nil
        }
    }

    private mutating func contains(
        _ value: JSON,
        _ rule: Int,
        _ min: Int,
        _ max: Int?,
        _ marks: SchemaMarks?
    ) -> Bool {
        guard case .array(let elements) = value else { return true }
        var count = 0
        for index in elements.indices {
            if marks == nil, max == nil, count >= min { return true }
            guard fits(elements[index], rule, element: index) else { continue }
            count += 1
            marks?.insert(index)
        }
        return count >= min && count <= max ?? count
    }

    // MARK: Scalars

    private mutating func isAllowed(_ value: JSON, _ enumeration: SchemaEnumeration) -> Bool {
        work(enumeration.others.count >> 4)
        return enumeration.contains(value)
    }

    private func passesNumber(_ value: JSON, _ check: SchemaKeyword) -> Bool {
        switch value {
        case .int, .uint, .double: break
        default: return true
        }
        switch check {
        case .minimum(let number, let exclusive):
            let order = NumberOrder.compare(value, program.numbers[number])
            return order == .greater || order == .equal && !exclusive
        case .maximum(let number, let exclusive):
            let order = NumberOrder.compare(value, program.numbers[number])
            return order == .less || order == .equal && !exclusive
        case .multipleOf(let factor):
            return DecimalNumber(value)?.isMultiple(of: factor) ?? true
        default: return true
        }
    }

    private mutating func passesText(_ value: JSON, _ check: SchemaKeyword) -> Bool {
        guard case .string(let text) = value else { return true }
        switch check {
        case .minLength(let min):
            let bytes = text.utf8.count
            return bytes >= min && (bytes / 4 >= min || text.codePoints >= min)
        case .maxLength(let max): return text.utf8.count <= max || text.codePoints <= max
        case .pattern(let number):
            work(text.utf8.count >> 6)
            return program.patterns[number].expression.matches(text)
        case .format(let format):
            work(text.utf8.count >> 6)
            return format.accepts(text)
        default: return true
        }
    }
}

/// Which members or elements of one value the keywords of a schema looked at.
final class SchemaMarks {
    private var marked: [Bool]

    /// Nothing for a value without parts.
    convenience init?(_ value: JSON) {
        switch value {
        case .object(let object): self.init(count: object.count)
        case .array(let elements): self.init(count: elements.count)
        default: return nil
        }
    }

    init(count: Int) { marked = Array(repeating: false, count: count) }

    var count: Int { marked.count }

    func contains(_ index: Int) -> Bool { marked[index] }

    func insert(_ index: Int) { marked[index] = true }

    func insertAll() { for index in marked.indices { marked[index] = true } }

    func formUnion(_ other: SchemaMarks) {
        for index in marked.indices where other.marked[index] { marked[index] = true }
    }
}

extension String {
    /// How many code points it has.
    var codePoints: Int {
        let bytes = utf8.span
        var count = 0
        for index in bytes.indices where bytes[index] & 0xC0 != 0x80 { count += 1 }
        return count
    }
}
