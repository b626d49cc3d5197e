/// A request as it came, wholly read or with its body still to come.
package struct HTTPRequest: Sendable {
    /// What is known before the body.
    package struct Head: Sendable {
        package let method: String
        /// Decoded, without the query.
        package let path: String
        /// By lower-cased name; a header sent several times has its values joined by commas.
        package let headers: [String: String]

        package init(method: String, path: String, headers: [String: String]) {
            self.method = method
            self.path = path
            self.headers = headers
        }

        /// The value of a header, whatever the case of its name.
        package func header(_ name: String) -> String? { headers[name.lowercased()] }
    }

    package let head: Head
    /// Decoded, in the order written; an argument without `=` has an empty value.
    package let query: [(name: String, value: String)]
    /// Empty when the body is streamed.
    package let body: [UInt8]
    /// The body as it comes, for a request that the server was told to stream.
    package let stream: HTTPBodyStream?

    package var method: String { head.method }
    package var path: String { head.path }
    package var headers: [String: String] { head.headers }

    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        headers: [String: String],
        body: [UInt8]
    ) {
        self.init(
            head: Head(method: method, path: path, headers: headers),
            query: query,
            body: body
        )
    }

    init(
        head: Head,
        query: [(name: String, value: String)],
        body: [UInt8] = [],
        stream: HTTPBodyStream? = nil
    ) {
        self.head = head
        self.query = query
        self.body = body
        self.stream = stream
    }

    /// The value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { head.header(name) }
}

/// An answer to one request; a header with a line break in it is left out when it is sent.
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
