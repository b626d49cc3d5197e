internal import Gateway
internal import HTTPMicro

extension Gateway {
    /// Answers what the server took in, in whole or as a stream.
    func answer(_ request: HTTPRequest, through responder: Responder) async {
        let response = await handle(request.forGateway)
        let head = HTTPResponse(
            status: response.status,
            headers: response.headers,
            body: response.body
        )
        guard let write = response.stream else {
            responder.respond(head)
            return
        }
        let stream = responder.stream(head)
        await write(GatewayWriter { bytes in await stream.write(bytes) })
        stream.finish()
    }
}

extension HTTPRequest {
    fileprivate var forGateway: GatewayRequest {
        GatewayRequest(
            method: method,
            path: path,
            query: query,
            headers: headers,
            body: body,
            chunks: stream.map(GatewayBody.init)
        )
    }
}

extension GatewayBody {
    fileprivate init(_ stream: HTTPBodyStream) {
        self.init { () async throws(GatewayBody.Failure) in
            do throws(HTTPBodyError) {
                return try await stream.next()
            } catch {
                switch error {
                case .tooLarge: throw .tooLarge
                case .cut, .cancelled: throw .cut
                }
            }
        }
    }
}
