internal import Synchronization

/// What the callbacks work with: who is connected, and which requests are on their way.
final class Service: Sendable {
    struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var isStopping = false
    }

    let limits: HTTPServerLimits
    let connectionLimit: Int
    let streams: @Sendable (HTTPRequest.Head) -> Bool
    let handler: HTTPServer.Handler
    private let state = Mutex(State())

    init(
        limits: HTTPServerLimits,
        connectionLimit: Int,
        streams: @escaping @Sendable (HTTPRequest.Head) -> Bool,
        handler: @escaping HTTPServer.Handler
    ) {
        self.limits = limits
        self.connectionLimit = connectionLimit
        self.streams = streams
        self.handler = handler
    }

    /// How many connections and requests there are.
    var counts: (connections: Int, exchanges: Int) {
        state.withLock { ($0.connections.count, $0.exchanges.count) }
    }

    func connect(_ socket: Int32, at second: Int) -> Connection {
        state.withLock { state in
            let isRefused = state.connections.count >= connectionLimit
            let patience = isRefused ? limits.refusedSeconds : limits.headSeconds
            let connection = Connection(
                socket: socket,
                isRefused: isRefused,
                deadline: second + patience
            )
            state.connections[ObjectIdentifier(connection)] = connection
            return connection
        }
    }

    func disconnect(_ connection: Connection) {
        _ = state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    func add(_ exchange: Exchange) {
        let isStopping = state.withLock { state in
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            return state.isStopping
        }
        if isStopping { exchange.stop() }
    }

    func remove(_ exchange: Exchange) {
        _ = state.withLock { $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// Answers every request, those to come too: libmicrohttpd aborts when it is stopped with a
    /// connection suspended, and one that has its answer is never suspended.
    func stop() {
        let known = state.withLock { state in
            state.isStopping = true
            return Array(state.exchanges.values)
        }
        for exchange in known { exchange.stop() }
    }

    /// Ends what took too long, and gives up requests whose clients are gone.
    ///
    /// A socket in the table is open: libmicrohttpd tells of its end before it closes it, and that
    /// waits for this look.
    func look(at second: Int, sockets: Sockets) {
        let gone = state.withLock { state -> [Exchange] in
            for connection in state.connections.values where connection.isLate(at: second) {
                connection.stopWaiting()
                sockets.end(connection.socket)
            }
            var awaited: [Exchange] = []
            for exchange in state.exchanges.values {
                if !exchange.lookAtBody(after: limits.watchMilliseconds) {
                    sockets.end(exchange.client.socket)
                }
                if exchange.isAwaited { awaited.append(exchange) }
            }
            return sockets.left(of: awaited.map(\.client.socket)).map { awaited[$0] }
        }
        for exchange in gone { exchange.abandon() }
    }
}
