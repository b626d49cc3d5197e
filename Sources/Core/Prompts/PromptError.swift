/// Why a prompt could not be rendered.
package struct PromptError: Error, Sendable, Equatable {
    /// One sentence without a full stop.
    package let message: String
}
