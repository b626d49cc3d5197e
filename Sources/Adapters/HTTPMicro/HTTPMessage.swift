/// A request as it came, wholly read.
package struct HTTPRequest: Sendable {
    package let method: String
    /// Without the query.
    package let path: String
    package let headers: [String: String]
    package let body: [UInt8]

    package init(method: String, path: String, headers: [String: String], body: [UInt8]) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// The value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { headers[name.lowercased()] }
}

/// What a request is answered with.
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

/// Why a server could not start.
package struct HTTPServerError: Error, Sendable, Equatable {
    /// One sentence with the address and what to do.
    package let message: String
}
