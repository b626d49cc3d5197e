/// How a server hands a request over.
package enum HTTPHandling: Sendable {
    /// Whole, to a handler that hands longer work to another thread.
    case usual
    /// Whole, to a handler whose task may stay on the server's thread: it works a little at a time,
    /// and a wait in between is not on that thread.
    case brief
    /// With its head; its body is read as it comes.
    case streamed
}
