internal import Values

/// The checks of one row, compiled once: what does not fit its schemas is not let in.
struct Admission: Sendable {
    private let route: Route
    private let query: [(parameter: Route.Parameter, schema: Schema)]
    private let headers: [(header: Route.Header, schema: Schema)]
    private let body: Schema?

    init(_ route: Route) {
        self.route = route
        query = route.query.map { ($0, Components.compiled($0.schema, formats: .annotated)) }
        headers = route.headers.map { ($0, Components.compiled($0.schema)) }
        body = route.body.flatMap { $0.isJSON ? Components.compiled($0.schema) : nil }
    }

    /// What the handler gets of a request that fits.
    func call(
        _ request: GatewayRequest,
        values: [String: String],
        visitor: Visitor?
    ) throws(Problem) -> Route.Call {
        for (header, schema) in headers {
            guard let written = request.headers[header.name.lowercased()] else { continue }
            guard schema.validate(.string(written)).isEmpty else {
                throw Problem(
                    header.fault.status,
                    header.fault.code,
                    "The header is not usable",
                    "'\(header.name)' does not fit: \(header.description)"
                )
            }
        }
        return Route.Call(
            request: request,
            values: values,
            query: try arguments(request.query),
            body: try body(request),
            visitor: visitor
        )
    }

    // MARK: The query

    private func arguments(
        _ written: [(name: String, value: String)]
    ) throws(Problem) -> [String: JSON] {
        var lists: [String: [JSON]] = [:]
        for (name, value) in written {
            guard let parameter = query.first(where: { $0.parameter.name == name })?.parameter
            else { throw unknown(name) }
            if lists[name] != nil, !parameter.isList {
                throw Problem(query: "'\(name)' is there twice; give it once")
            }
            lists[name, default: []].append(read(value, by: parameter.schema))
        }
        var values: [String: JSON] = [:]
        for (parameter, schema) in query {
            guard let list = lists[parameter.name] else {
                if let usual = parameter.schema["default"] { values[parameter.name] = usual }
                continue
            }
            let value = parameter.isList ? JSON.array(list) : list[0]
            if let failure = schema.validate(value).first {
                // A pattern says little to a person.
                let told =
                    failure.keyword == "pattern"
                    ? "does not fit: \(parameter.description)" : failure.message
                throw Problem(query: "'\(parameter.name)' \(told)")
            }
            if parameter.schema["format"] == "uuid", Identifier(value.string ?? "") == nil {
                throw Problem(
                    query: "'\(parameter.name)' is no identifier: \(parameter.description)"
                )
            }
            values[parameter.name] = value
        }
        return values
    }

    private func read(_ text: String, by schema: JSON) -> JSON {
        switch schema["type"]?.string {
        case "integer"?: Int64(text).map(JSON.int) ?? .string(text)
        case "boolean"?: Bool(text).map(JSON.bool) ?? .string(text)
        default: .string(text)
        }
    }

    private func unknown(_ name: String) -> Problem {
        let known = query.map(\.parameter.name)
        guard !known.isEmpty else {
            return Problem(query: "'\(name)' is not known: there are no arguments here")
        }
        let near = nearest(name, in: known).map { "; did you mean '\($0)'?" } ?? ""
        return Problem(query: "'\(name)' is none of \(known.joined(separator: ", "))\(near)")
    }

    // MARK: The body

    private func body(_ request: GatewayRequest) throws(Problem) -> JSON {
        guard let form = route.body else { return .null }
        if request.body.isEmpty, !form.isRequired { return .null }
        if !request.body.isEmpty || route.pace == .streamed { try checkType(request, form) }
        guard let schema = body else { return .null }
        let value: JSON
        do {
            value = try JSON.read(request.body)
        } catch {
            throw problem(error)
        }
        if let problem = Problem(misfit: schema.validate(value), of: "body") { throw problem }
        return value
    }

    /// What is JSON, and yet more than can be held, is a body that does not fit.
    private func problem(_ error: JSONError) -> Problem {
        let isBeyond = error.code == .numberRange || error.code == .tooDeep
        var problem = Problem(
            isBeyond ? 422 : 400,
            isBeyond ? "invalid-body" : "invalid-json",
            isBeyond ? "The body does not fit" : "The body is not JSON",
            error.description
        )
        problem.failures = [SchemaFailure(error.pointer, "json", error.description)]
        return problem
    }

    private func checkType(_ request: GatewayRequest, _ form: Route.Body) throws(Problem) {
        let written = request.headers["content-type"]
        let pieces = (written ?? "").split(separator: ";").map {
            trimmed(String($0)).lowercased()
        }
        let settings = pieces.dropFirst().filter { $0.hasPrefix("charset=") }
        let isUTF8 = settings.allSatisfy { ["charset=utf-8", "charset=\"utf-8\""].contains($0) }
        let types = [form.contentType] + form.otherTypes
        if let type = pieces.first, types.contains(type), isUTF8 { return }
        let got = written.map { "got '\($0)'" } ?? "there is none"
        throw Problem(
            415,
            "unsupported-media-type",
            "The content type is not the expected one",
            "send 'Content-Type: \(form.contentType)' in UTF-8; \(got)"
        )
    }
}
