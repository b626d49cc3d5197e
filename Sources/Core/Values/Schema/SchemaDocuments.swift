/// The schemas of a document and of the metaschemas it refers to, found before any is compiled.
///
/// A place that a reference names is looked up here: by address, by anchor, or by pointer.
struct SchemaDocuments {
    /// A schema: an object, `true` or `false` where the keywords allow one.
    struct Site {
        let node: Node
        let resource: Int
        let place: Int
    }

    /// A schema with an address of its own, and what is within it up to the next such one.
    struct Resource {
        let address: URIReference
        let site: Int
        var anchors: [String: Int] = [:]
        var dynamicAnchors: [String: Int] = [:]
    }

    /// A schema below another by the keyword that holds it and its position there.
    private struct ChildKey: Hashable {
        let parent: Int
        let keyword: String
        let position: Int
    }

    private(set) var sites: [Site] = []
    private(set) var resources: [Resource] = []
    private(set) var places = SchemaPlaces()
    private(set) var errors: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []
    private var children: [ChildKey: Int] = [:]
    private var strays: [[UInt8]: Int] = [:]
    private var addresses: [String: Int] = [:]
    /// Sites of the schema's own document, which are limited.
    private var ownSites = 0
    private var isOwn = true

    init(root: Node) throws(Diagnostics) {
        if Self.isDeeper(root, than: Limits.schemaNesting) {
            throw Diagnostics([Self.tooDeep(root)])
        }
        scan(root, resource: nil, place: places.add(document: ""))
    }

    /// What is said of a document with values inside each other too often.
    static func tooDeep(_ node: Node) -> Diagnostic {
        Diagnostic(
            "a schema must not be nested more than \(Limits.schemaNesting) deep",
            at: node.range,
            fix: "give parts names under '$defs' and refer to them"
        )
    }

    private static func isDeeper(_ root: Node, than limit: Int) -> Bool {
        var pending: [(node: Node, depth: Int)] = [(root, 0)]
        while let (node, depth) = pending.popLast() {
            if depth > limit { return true }
            for entry in node.entries ?? [] { pending.append((entry.value, depth + 1)) }
            for element in node.elements ?? [] { pending.append((element, depth + 1)) }
        }
        return false
    }

    // MARK: Looking up

    /// The schema that a keyword of another one holds.
    func child(of site: Int, _ keyword: String, _ position: Int = -1) -> Int? {
        children[ChildKey(parent: site, keyword: keyword, position: position)]
    }

    /// The resource of that address, one of the metaschemas included.
    mutating func resource(at address: String) -> Int? {
        if let known = addresses[address] { return known }
        guard let node = Metaschemas.all[address] else { return nil }
        isOwn = false
        defer { isOwn = true }
        scan(node, resource: nil, place: places.add(document: address))
        return addresses[address]
    }

    /// The schema at a JSON pointer from a resource on, wherever it leads.
    mutating func site(at pointer: [String], in resource: Int) -> Int? {
        var site = resources[resource].site
        var node = sites[site].node
        var passed: [(token: String, position: Int)] = []
        for token in pointer {
            guard let (next, position) = Self.child(token, of: node) else { return nil }
            node = next
            passed.append((token, position))
            let found =
                switch passed.count {
                case 1: child(of: site, token)
                case 2: child(of: site, passed[0].token, position)
                default: nil as Int?
                }
            if let found {
                site = found
                passed = []
            }
        }
        return passed.isEmpty ? site : stray(node, passed.map(\.token), below: site)
    }

    /// A schema in a place where no keyword has one; a reference makes it one.
    private mutating func stray(_ node: Node, _ tokens: [String], below site: Int) -> Int {
        let key = Array("\(site)\(JSONPointer(tokens: tokens))".utf8)
        if let known = strays[key] { return known }
        let place = places.add(tokens, in: sites[site].place)
        let found = scan(node, resource: sites[site].resource, place: place)
        strays[key] = found
        return found
    }

    private static func child(_ token: String, of node: Node) -> (Node, Int)? {
        if let entries = node.entries {
            guard let position = entries.firstIndex(where: { identical($0.name, token) }) else {
                return nil
            }
            return (entries[position].value, position)
        }
        guard let elements = node.elements, let position = Int(token), String(position) == token,
            elements.indices.contains(position)
        else { return nil }
        return (elements[position], position)
    }

    // MARK: Scanning

    private struct Pending {
        let node: Node
        let resource: Int?
        let place: Int
        let key: ChildKey?
    }

    /// Finds the schemas inside a schema, and returns its own number.
    @discardableResult
    private mutating func scan(_ root: Node, resource: Int?, place: Int) -> Int {
        let first = sites.count
        var pending = [Pending(node: root, resource: resource, place: place, key: nil)]
        while let next = pending.popLast() {
            ownSites += isOwn ? 1 : 0
            if ownSites > Limits.schemaRules {
                errors.append(Self.tooMany(next.node))
                return first
            }
            let site = sites.count
            let resource = register(next, site: site)
            sites.append(Site(node: next.node, resource: resource, place: next.place))
            if let key = next.key { children[key] = site }
            // The first is taken next, so that numbers follow the text.
            pending += schemas(in: site).reversed()
        }
        return first
    }

    static func tooMany(_ node: Node) -> Diagnostic {
        Diagnostic(
            "a schema must not have more than \(Limits.schemaRules) parts",
            at: node.range
        )
    }

    private mutating func schemas(in site: Int) -> [Pending] {
        let (node, place) = (sites[site].node, sites[site].place)
        var found: [Pending] = []
        for entry in node.entries ?? [] {
            func note(_ node: Node, _ position: Int, _ token: String?) {
                found.append(
                    Pending(
                        node: node,
                        resource: sites[site].resource,
                        place: places.add([entry.name] + (token.map { [$0] } ?? []), in: place),
                        key: ChildKey(parent: site, keyword: entry.name, position: position)
                    )
                )
            }
            switch SchemaKeywords.forms[entry.name] {
            case .one?: note(entry.value, -1, nil)
            case .list?:
                for (position, element) in (entry.value.elements ?? []).enumerated() {
                    note(element, position, String(position))
                }
            case .map?:
                for (position, inner) in (entry.value.entries ?? []).enumerated() {
                    note(inner.value, position, inner.name)
                }
            case nil: continue
            }
        }
        return found
    }

    /// Notes the addresses that a schema gives itself, and returns the resource it is in.
    private mutating func register(_ pending: Pending, site: Int) -> Int {
        let node = pending.node
        var resource = pending.resource
        if let id = node["$id"]?.scalar?.string {
            let base = resource.map { resources[$0].address } ?? URIReference("")
            var address = URIReference(id).resolved(against: base)
            if address.fragment?.isEmpty == false {
                report("an '$id' has no fragment", node["$id"], pending, fix: "write '$anchor'")
            }
            address.fragment = nil
            resource = add(Resource(address: address, site: site), pending)
        }
        let number = resource ?? add(Resource(address: URIReference(""), site: site), pending)
        if let name = anchor("$anchor", pending) {
            if resources[number].anchors[name] != nil { reportTwice(name, "$anchor", pending) }
            resources[number].anchors[name] = site
        }
        if let name = anchor("$dynamicAnchor", pending) {
            if resources[number].dynamicAnchors[name] != nil {
                reportTwice(name, "$dynamicAnchor", pending)
            }
            resources[number].dynamicAnchors[name] = site
        }
        return number
    }

    private mutating func add(_ resource: Resource, _ pending: Pending) -> Int {
        let address = resource.address.document
        resources.append(resource)
        if addresses[address] == nil {
            addresses[address] = resources.count - 1
        } else {
            warnings.append(
                diagnostic(
                    "another schema has the '$id' '\(address)' too; references go to the first",
                    pending.node["$id"] ?? pending.node,
                    pending.place,
                    ["$id"],
                    severity: .warning
                )
            )
        }
        return resources.count - 1
    }

    /// The name of an anchor, when there is one and it is of the form.
    private mutating func anchor(_ keyword: String, _ pending: Pending) -> String? {
        guard let written = pending.node[keyword] else { return nil }
        guard let name = written.scalar?.string, Self.isAnchor(name) else {
            report(
                "expected a name of letters, digits, '-', '_' and '.', a letter or '_' first",
                written,
                pending,
                keyword: keyword
            )
            return nil
        }
        return name
    }

    private static func isAnchor(_ name: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || ASCII.isLetter(byte)
        }
        guard let first = name.utf8.first, isStart(first) else { return false }
        return name.utf8.allSatisfy {
            isStart($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
    }

    private mutating func reportTwice(_ name: String, _ keyword: String, _ pending: Pending) {
        report(
            "the anchor '\(name)' is there twice",
            pending.node[keyword],
            pending,
            keyword: keyword
        )
    }

    private mutating func report(
        _ message: String,
        _ node: Node?,
        _ pending: Pending,
        keyword: String = "$id",
        fix: String? = nil
    ) {
        errors.append(
            diagnostic(message, node ?? pending.node, pending.place, [keyword], fix: fix)
        )
    }

    /// A diagnostic that names the pointer in the schema too.
    func diagnostic(
        _ message: String,
        _ node: Node,
        _ place: Int,
        _ keyword: [String],
        fix: String? = nil,
        severity: Diagnostic.Severity = .error
    ) -> Diagnostic {
        let pointer = places.pointer(place, keyword: keyword)
        return Diagnostic(
            message + (pointer.isEmpty ? "" : " (at \(pointer))"),
            at: node.range,
            fix: fix,
            severity: severity
        )
    }
}

/// The metaschemas of draft 2020-12 by address, so that a reference to them needs no network.
enum Metaschemas {
    static let all: [String: Node] = {
        do {
            let documents = try JSON.read(PackageResources.Metaschemas_json).array ?? []
            return Dictionary(
                documents.map { ($0["$id"]?.string ?? "", Node($0)) }
            ) { first, _ in first }
        } catch {
            preconditionFailure("the metaschemas are JSON: \(error)")
        }
    }()
}

/// Classes of ASCII characters.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    static func isLetterOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    static func isHex(_ byte: UInt8) -> Bool { hexValue(byte) != nil }
}
