package import Decisions
package import Values

/// Where answers are kept.
///
/// What it cannot keep or find is asked again: a cache decides nothing.
package protocol AnswerCache: Sendable {
    /// The answer under that key that has not expired.
    func answer(_ key: Digest, at now: Instant) async -> KeptAnswer?
    func keep(_ answer: KeptAnswer) async
}
