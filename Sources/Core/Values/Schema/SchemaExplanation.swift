/// Finds the words for a value that does not fit: every failure, in the order of the value.
///
/// What fits is asked of `SchemaCheck`, so the two cannot disagree.
struct SchemaExplanation {
    private struct Found {
        let failure: SchemaFailure
        /// The positions of the members and elements that lead to it.
        let order: [Int]
    }

    /// A place in the value, with the positions that lead to it.
    struct Place {
        var tokens: [String] = []
        var order: [Int] = []

        func appending(_ token: String, _ position: Int) -> Place {
            Place(tokens: tokens + [token], order: order + [position])
        }
    }

    let places: SchemaPlaces
    let program: SchemaProgram
    var check: SchemaCheck
    private var found: [Found] = []
    private var total = 0
    private var hints = 0
    private var looked = 0
    private var rule = 0

    init(_ program: SchemaProgram, places: SchemaPlaces) {
        self.program = program
        self.places = places
        check = SchemaCheck(program)
    }

    /// Whether no limit ended the search.
    private var isGoingOn: Bool { check.cut == nil && looked <= Limits.schemasExplained }

    /// The failures of a value that does not fit the first rule: at least one.
    mutating func failures(of value: JSON) -> [SchemaFailure] {
        explain(value, 0, Place())
        let ordered = found.enumerated().sorted { left, right in
            if left.element.order == right.element.order { return left.offset < right.offset }
            return left.element.order.lexicographicallyPrecedes(right.element.order)
        }
        var failures = ordered.prefix(Limits.schemaFailures).map(\.element.failure)
        if total > failures.count {
            let more = total - failures.count
            failures.append(SchemaFailure(JSONPointer(), "limit", "and \(more) more"))
        }
        if !isGoingOn || failures.isEmpty {
            let rest = failures.isEmpty ? "does not fit the schema" : "and others not looked for"
            failures.append(SchemaFailure(JSONPointer(), "limit", rest))
        }
        return failures
    }

    mutating func fail(_ place: Place, _ keyword: String, _ message: String, _ name: String? = nil)
    {
        total += 1
        // More than are told, as the first ones found need not be the first in the value.
        guard found.count < 10 * Limits.schemaFailures else { return }
        let tokens = keyword.isEmpty ? [] : [keyword] + (name.map { [$0] } ?? [])
        found.append(
            Found(
                failure: SchemaFailure(
                    JSONPointer(tokens: place.tokens),
                    keyword,
                    message,
                    schemaPointer: places.pointer(program.rules[rule].place, keyword: tokens)
                ),
                order: place.order
            )
        )
    }

    mutating func explain(_ value: JSON, _ number: Int, _ place: Place) {
        looked += 1
        guard isGoingOn else { return }
        let outer = rule
        rule = number
        defer { rule = outer }
        let known = total
        let rule = program.rules[number]
        let kind = SchemaKinds(of: value)
        if !rule.kinds.contains(kind) {
            fail(place, "type", "expected \(rule.kinds.words); got \(value.kindWithArticle)")
        }
        let marks = SchemaMarks(value)
        for index in rule.checks where !check.passes(value, program.keywords[index], marks) {
            if !isGoingOn { return }
            explain(value, program.keywords[index], place)
        }
        // What failed marks nothing, so the rest would be told of parts that are as they should be.
        if total == known { explainRest(value, rule, marks, place) }
    }

    private mutating func explainRest(
        _ value: JSON,
        _ rule: SchemaRule,
        _ marks: SchemaMarks?,
        _ place: Place
    ) {
        guard let marks else { return }
        if case .object(let object) = value, rule.otherMembers >= 0 {
            for (index, member) in object.members.enumerated() where !marks.contains(index) {
                let inner = place.appending(member.name, index)
                explainOther(member, rule.otherMembers, "unevaluatedProperties", [], inner)
            }
        }
        if case .array(let elements) = value, rule.otherItems >= 0 {
            for (index, element) in elements.enumerated() where !marks.contains(index) {
                let inner = place.appending(String(index), index)
                explainElement(element, rule.otherItems, "unevaluatedItems", inner)
            }
        }
    }

    // MARK: Keywords

    private mutating func explain(_ value: JSON, _ keyword: SchemaKeyword, _ place: Place) {
        switch keyword {
        case .never: fail(place, "", "nothing is allowed here")
        case .enumeration(let number):
            let allowed = program.enumerations[number]
            let near = value.string.map { hint($0, allowed.values.lazy.compactMap(\.string)) } ?? ""
            fail(place, allowed.keyword, "\(allowed.expectation); got \(value.shown)\(near)")
        case .minimum, .maximum, .multipleOf, .minLength, .maxLength, .pattern, .format:
            explainScalar(value, keyword, place)
        case .members, .minProperties, .maxProperties, .propertyNames, .dependentRequired,
            .dependentSchemas:
            if case .object(let object) = value { explainObject(object, keyword, place) }
        case .items, .minItems, .maxItems, .uniqueItems, .contains:
            if case .array(let elements) = value { explainArray(elements, keyword, place) }
        case .allOf(let run):
            for rule in program.runs[run] where !fits(value, rule) { explain(value, rule, place) }
        case .anyOf(let run): explainForms(value, Array(program.runs[run]), place)
        case .oneOf(let run): explainOne(value, Array(program.runs[run]), place)
        case .not: fail(place, "not", "has a form that is ruled out")
        case .conditional(let condition, let then, let otherwise):
            let branch = fits(value, condition) ? then : otherwise
            if let branch { explain(value, branch, place) }
        case .reference(let rule): explain(value, rule, place)
        }
    }

    private mutating func fits(_ value: JSON, _ rule: Int) -> Bool { check.fits(value, rule, nil) }

    private mutating func explainScalar(
        _ value: JSON,
        _ keyword: SchemaKeyword,
        _ place: Place
    ) {
        let count = value.string?.codePoints ?? 0
        let got = "got \(value.shown)"
        switch keyword {
        case .minimum(let number, let exclusive):
            let bound = program.numbers[number]
            let (name, words) =
                exclusive ? ("exclusiveMinimum", "above") : ("minimum", "at least")
            fail(place, name, "must be \(words) \(bound.compactText); \(got)")
        case .maximum(let number, let exclusive):
            let bound = program.numbers[number]
            let (name, words) = exclusive ? ("exclusiveMaximum", "below") : ("maximum", "at most")
            fail(place, name, "must be \(words) \(bound.compactText); \(got)")
        case .multipleOf(let factor):
            fail(place, "multipleOf", "must be a multiple of \(factor); \(got)")
        case .minLength(let min):
            fail(place, "minLength", "needs at least \(counted(min, "character")); has \(count)")
        case .maxLength(let max):
            fail(place, "maxLength", "may have at most \(counted(max, "character")); has \(count)")
        case .pattern(let number):
            fail(place, "pattern", "must match \(program.patterns[number].written); \(got)")
        case .format(let format): fail(place, "format", "expected \(format.words); \(got)")
        default: break
        }
    }

    private mutating func explainObject(
        _ object: JSONObject,
        _ keyword: SchemaKeyword,
        _ place: Place
    ) {
        switch keyword {
        case .members(let number): explainMembers(program.members[number], object, place)
        case .minProperties(let min):
            let needed = counted(min, "member")
            fail(place, "minProperties", "needs at least \(needed); has \(object.count)")
        case .maxProperties(let max):
            let allowed = counted(max, "member")
            fail(place, "maxProperties", "may have at most \(allowed); has \(object.count)")
        case .propertyNames(let rule):
            for (index, name) in object.names.enumerated() where !fits(.string(name), rule) {
                explainName(name, rule, place.appending(name, index))
            }
        case .dependentRequired(let number):
            for each in program.dependencies[number].all where object[each.name] != nil {
                for other in each.needed where object[other] == nil {
                    let words = "is missing; '\(each.name)' needs it"
                    fail(place.appending(other, -1), "dependentRequired", words, each.name)
                }
            }
        case .dependentSchemas(let number):
            let value = JSON.object(object)
            for each in program.dependencies[number].all where object[each.name] != nil {
                if !fits(value, each.rule) { explain(value, each.rule, place) }
            }
        default: break
        }
    }

    private mutating func explainMembers(
        _ members: SchemaMembers,
        _ object: JSONObject,
        _ place: Place
    ) {
        for (name, isRequired) in zip(members.names.names, members.isRequired)
        where isRequired && object[name] == nil {
            fail(place.appending(name, -1), "required", "is missing")
        }
        let declared = members.others == nil ? [] : members.declared
        for (index, member) in object.members.enumerated() {
            let inner = place.appending(member.name, index)
            let named = members.names.position(of: member.name).map { members.rules[$0] }
            var rules = [named].compactMap(\.self).filter { $0 >= 0 }
            rules += members.patterns.filter { $0.expression.matches(member.name) }.map(\.rule)
            for rule in rules where !fits(member.value, rule) { explain(member.value, rule, inner) }
            if rules.isEmpty, let others = members.others {
                explainOther(member, others, "additionalProperties", declared, inner)
            }
        }
    }

    /// A member that no name is declared for.
    private mutating func explainOther(
        _ member: JSONObject.Member,
        _ rule: Int,
        _ keyword: String,
        _ known: [String],
        _ place: Place
    ) {
        guard program.allowsNothing(rule) else {
            if !fits(member.value, rule) { explain(member.value, rule, place) }
            return
        }
        fail(place, keyword, "is not a field of this schema\(hint(member.name, known))")
    }

    /// `; did you mean 'gold'?`, as long as anybody would read so many.
    private mutating func hint(_ name: String, _ known: some Sequence<String>) -> String {
        hints += 1
        guard hints <= Limits.schemaFailures else { return "" }
        let near = nearest(name, in: known.prefix(Limits.namesCompared))
        return near.map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The failures of a name, told of the member that has it.
    private mutating func explainName(_ name: String, _ rule: Int, _ place: Place) {
        let (earlier, before) = (found, total)
        found = []
        explain(.string(name), rule, place)
        let own = found
        (found, total) = (earlier, before)
        for each in own {
            fail(place, "propertyNames", "has a name that does not fit: \(each.failure.message)")
        }
    }

    private mutating func explainArray(
        _ elements: [JSON],
        _ keyword: SchemaKeyword,
        _ place: Place
    ) {
        switch keyword {
        case .items(let prefix, let rest):
            for (index, element) in elements.enumerated() {
                let given = index < prefix.count ? program.runs[prefix.lowerBound + index] : rest
                guard let rule = given else { break }
                let name = index < prefix.count ? "prefixItems" : "items"
                explainElement(element, rule, name, place.appending(String(index), index))
            }
        case .minItems(let min):
            let needed = counted(min, "element")
            fail(place, "minItems", "needs at least \(needed); has \(elements.count)")
        case .maxItems(let max):
            let allowed = counted(max, "element")
            fail(place, "maxItems", "may have at most \(allowed); has \(elements.count)")
        case .uniqueItems:
            guard let (_, second) = JSON.equalElements(in: elements) else { return }
            fail(place, "uniqueItems", "has an element twice: \(elements[second].shown)")
        case .contains(let rule, let min, let max):
            let count = elements.count { fits($0, rule) }
            let (name, words) =
                count < min
                ? (min == 1 ? "contains" : "minContains", "at least \(min)")
                : ("maxContains", "at most \(max ?? count)")
            fail(place, name, "must have \(words) of the elements asked for; has \(count)")
        default: break
        }
    }

    private mutating func explainElement(
        _ element: JSON,
        _ rule: Int,
        _ keyword: String,
        _ place: Place
    ) {
        if program.allowsNothing(rule) {
            fail(place, keyword, "is one element more than there may be")
        } else if !fits(element, rule) {
            explain(element, rule, place)
        }
    }

    // MARK: Forms

    /// The failures of a value against each of several forms, apart from the others.
    mutating func apart(_ value: JSON, _ rule: Int, _ place: Place) -> [SchemaForm.Failure] {
        let (earlier, before) = (found, total)
        found = []
        explain(value, rule, place)
        defer { (found, total) = (earlier, before) }
        return found.map { SchemaForm.Failure(failure: $0.failure, order: $0.order) }
    }

    /// Takes over failures that were found apart.
    mutating func add(_ failures: [SchemaForm.Failure]) {
        total += failures.count
        found += failures.prefix(max(0, 10 * Limits.schemaFailures - found.count)).map {
            Found(failure: $0.failure, order: $0.order)
        }
    }
}
