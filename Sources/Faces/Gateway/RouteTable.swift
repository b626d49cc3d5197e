internal import Values

/// The rows of `Route.all`, made ready once so that a request is found its row without looking at
/// the others.
///
/// A tree of the paths' parts: literal parts go before `{names}`.
struct RouteTable: Sendable {
    /// A row and the checks before its handler.
    struct Endpoint: Sendable {
        let route: Route
        let admission: Admission
    }

    enum Finding {
        case found(Endpoint, values: [String: String])
        /// The path is there, with these methods.
        case otherMethods([String])
        case nothing
    }

    private struct Part {
        var literals: [String: Int] = [:]
        /// By the act after the name, such as `:claim`, or nothing.
        var names: [String: (name: String, part: Int)] = [:]
        var endpoints: [Endpoint] = []
    }

    /// The first is the root.
    private var parts = [Part()]

    static let live = RouteTable(Route.all)

    init(_ routes: [Route]) {
        for route in routes { add(Endpoint(route: route, admission: Admission(route))) }
    }

    private mutating func add(_ endpoint: Endpoint) {
        var place = 0
        var names: [String] = []
        for text in Self.split(endpoint.route.path) {
            if text.hasPrefix("{"), let end = text.firstIndex(of: "}") {
                let name = String(text[..<end].dropFirst())
                let act = String(text[end...].dropFirst())
                names.append(name)
                let known = parts[place].names[act]
                precondition(known == nil || known?.name == name, "one part has one name")
                let next = known?.part ?? grow()
                parts[place].names[act] = (name, next)
                place = next
            } else {
                let next = parts[place].literals[String(text)] ?? grow()
                parts[place].literals[String(text)] = next
                place = next
            }
        }
        let route = endpoint.route
        precondition(names == route.names.map(\.name), "\(route.path) describes its names")
        precondition(
            parts[place].endpoints.allSatisfy { $0.route.method != route.method },
            "\(route.method) \(route.path) is there once"
        )
        parts[place].endpoints.append(endpoint)
    }

    private mutating func grow() -> Int {
        parts.append(Part())
        return parts.count - 1
    }

    private static func split(_ path: String) -> [Substring] {
        // By bytes: a mark that joins the slash before it must not hide it.
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Substring($0) }
    }

    /// The row of a request; `HEAD` is what `GET` says without its body.
    func find(_ method: String, _ path: String) -> Finding {
        var values: [String: String] = [:]
        var place = 0
        for text in Self.split(path) {
            if let next = parts[place].literals[String(text)] {
                place = next
                continue
            }
            guard let (value, name, next) = named(text, at: place) else { return .nothing }
            values[name] = value
            place = next
        }
        let endpoints = parts[place].endpoints
        if endpoints.isEmpty { return .nothing }
        let wanted = method == "HEAD" ? "GET" : method
        if let endpoint = endpoints.first(where: { $0.route.method == wanted }) {
            return .found(endpoint, values: values)
        }
        var allowed = endpoints.map(\.route.method)
        if allowed.contains("GET") { allowed.append("HEAD") }
        return .otherMethods(allowed + ["OPTIONS"])
    }

    /// Reads `value:act`, where the act is one that the table knows there.
    private func named(
        _ text: Substring,
        at place: Int
    ) -> (value: String, name: String, part: Int)? {
        let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        guard colon > text.startIndex else { return nil }
        guard let found = parts[place].names[String(text[colon...])] else { return nil }
        return (String(text[..<colon]), found.name, found.part)
    }
}
