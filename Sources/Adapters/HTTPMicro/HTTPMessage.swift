/// A request as it came, wholly read.
package struct HTTPRequest: Sendable {
    package let method: String
    /// Decoded, without the query.
    package let path: String
    /// Decoded, in the order written; an argument without `=` has an empty value.
    package let query: [(name: String, value: String)]
    /// By lower-cased name; a header sent several times has its values joined by commas.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        headers: [String: String],
        body: [UInt8]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { headers[name.lowercased()] }
}

/// What a request is answered with; a header with a line break in it is left out when it is sent.
package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
