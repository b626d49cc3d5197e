internal import Synchronization

/// What the callbacks work with: who is connected, and which requests are on their way.
final class Service: Sendable {
    struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var isStopping = false
        var settling: [Settling] = []
    }

    /// Who waits for requests to be over, and which are not yet.
    struct Settling {
        var left: Set<ObjectIdentifier>
        let continuation: CheckedContinuation<Void, Never>
    }

    let limits: HTTPServerLimits
    let connectionLimit: Int
    let handling: @Sendable (HTTPRequest.Head) -> HTTPHandling
    let handler: HTTPServer.Handler
    private let state = Mutex(State())

    init(
        limits: HTTPServerLimits,
        connectionLimit: Int,
        handling: @escaping @Sendable (HTTPRequest.Head) -> HTTPHandling,
        handler: @escaping HTTPServer.Handler
    ) {
        self.limits = limits
        self.connectionLimit = connectionLimit
        self.handling = handling
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
        let id = ObjectIdentifier(exchange)
        let settled = state.withLock { state -> [Settling] in
            state.exchanges[id] = nil
            if state.settling.isEmpty { return [] }
            for place in state.settling.indices { state.settling[place].left.remove(id) }
            defer { state.settling.removeAll { $0.left.isEmpty } }
            return state.settling.filter { $0.left.isEmpty }
        }
        for settling in settled { settling.continuation.resume() }
    }

    /// Returns once each request that is there now is over.
    func settle() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                let left = Set(state.exchanges.keys)
                if left.isEmpty { return true }
                state.settling.append(Settling(left: left, continuation: continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
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

    /// Ends what took too long, and gives up what its client left.
    ///
    /// A socket in the table is open: libmicrohttpd tells of its end before it closes it, and that
    /// waits for this look.
    func look(at second: Int, sockets: Sockets) {
        let gone = state.withLock { state -> [Exchange] in
            var late: [Connection] = []
            var reading: [Connection] = []
            var awaited: [Exchange] = []
            for connection in state.connections.values where connection.isAwaitingHead {
                if connection.isLate(at: second) {
                    late.append(connection)
                } else {
                    reading.append(connection)
                }
            }
            for exchange in state.exchanges.values {
                switch exchange.look(after: limits.watchMilliseconds) {
                case .late: late.append(exchange.client)
                case .body: reading.append(exchange.client)
                case .still:
                    // Bytes that libmicrohttpd cannot take: the head of a chunk that does not fit.
                    if sockets.hasBytes(exchange.client.socket) {
                        late.append(exchange.client)
                    } else {
                        reading.append(exchange.client)
                    }
                case .answer: awaited.append(exchange)
                case .nothing: break
                }
            }
            late += left(reading, sockets)
            for connection in late {
                connection.stopWaiting()
                sockets.end(connection.socket)
            }
            return sockets.closed(among: awaited.map(\.client.socket)).map { awaited[$0] }
        }
        for exchange in gone { exchange.abandon() }
    }

    /// Those whose client will send nothing more of what it is to send.
    ///
    /// libmicrohttpd misses an end that came together with the last bytes before it. What it read
    /// last may still be on its way through, so two looks have to agree.
    private func left(_ reading: [Connection], _ sockets: Sockets) -> [Connection] {
        sockets.closed(among: reading.map(\.socket)).map { reading[$0] }
            .filter { !sockets.hasBytes($0.socket) && $0.wasSuspected() }
    }
}
