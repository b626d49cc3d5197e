package import Values

/// What a prompt is rendered with.
package struct RenderData: Sendable {
    package let input: JSON
    /// Values used as `@name`.
    package let context: JSONObject
    /// Messages that came before; `{{history}}` says where they go.
    package let history: [Message]

    package init(
        input: JSON,
        context: JSONObject = JSONObject(),
        history: [Message] = []
    ) {
        self.input = input
        self.context = context
        self.history = history
    }
}
