internal import Gateway
internal import HTTPMicro

extension GatewayResponse {
    /// Sends it, in whole or as a stream.
    func send(through responder: Responder) async {
        let head = HTTPResponse(
            status: status,
            headers: headers,
            body: body
        )
        guard let write = stream else {
            responder.respond(head)
            return
        }
        let stream = responder.stream(head)
        await write(GatewayWriter { bytes in await stream.write(bytes) })
        stream.finish()
    }
}

extension HTTPHandling {
    init(_ pace: RequestPace) {
        self =
            switch pace {
            case .usual: .usual
            case .brief: .brief
            case .streamed: .streamed
            }
    }
}

extension HTTPRequest {
    var forGateway: GatewayRequest {
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
