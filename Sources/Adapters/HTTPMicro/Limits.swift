/// The bounds of the server; a value so that tests can tighten them.
package struct HTTPServerLimits: Sendable {
    package var bodyBytes = 64 << 20
    package var headerBytes = 32 << 10
    package var connections: UInt32 = 10_000
    package var idleSeconds: UInt32 = 120
    package var threads: UInt32 = 2

    package init() {}
}
