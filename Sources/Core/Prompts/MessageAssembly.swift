internal import Values

/// Puts text, media and roles together to messages, as Dotprompt does.
struct MessageAssembly {
    private struct Draft {
        var role: Message.Role
        var parts: [Message.Part] = []
        var text = ""
        var metadata: JSON?
        var isHistory = false

        var isBlank: Bool { parts.isEmpty }
    }

    private let history: [Message]
    private var drafts = [Draft(role: .user)]
    private var hasHistory = false
    private(set) var bytes = 0

    init(history: [Message]) { self.history = history }

    mutating func add(_ text: String) {
        bytes += text.utf8.count
        drafts[drafts.count - 1].text += text
    }

    mutating func begin(role: String) {
        closeText()
        let role = Message.Role(rawValue: role) ?? .user
        if drafts[drafts.count - 1].isBlank {
            drafts[drafts.count - 1].role = role
        } else {
            drafts.append(Draft(role: role))
        }
    }

    mutating func addMedia(url: String, contentType: String?) {
        closeText()
        bytes += url.utf8.count
        drafts[drafts.count - 1].parts.append(.media(url: url, contentType: contentType))
    }

    /// A place for what an application adds; kept as a mark on an empty part.
    mutating func addSection(_ name: String) {
        closeText()
        drafts[drafts.count - 1].parts.append(.section(name))
    }

    mutating func addHistory() {
        closeText()
        hasHistory = true
        for message in history {
            var draft = Draft(role: message.role, parts: message.content)
            let metadata = message.metadata?.object ?? JSONObject()
            draft.metadata = .object(metadata.setting("purpose", to: "history"))
            draft.isHistory = true
            drafts.append(draft)
        }
        drafts.append(Draft(role: .model))
    }

    /// The messages that have something in them; history goes before the last user message where
    /// the template did not place it.
    mutating func finish() -> [Message] {
        closeText()
        let messages = drafts.filter { !$0.isBlank || $0.isHistory }.map {
            Message(role: $0.role, content: $0.parts, metadata: $0.metadata)
        }
        guard !hasHistory, !history.isEmpty else { return messages }
        guard let last = messages.last, last.role == .user else { return messages + history }
        return messages.dropLast() + history + [last]
    }

    private mutating func closeText() {
        let last = drafts.count - 1
        let text = drafts[last].text
        drafts[last].text = ""
        if text.contains(where: { !$0.isWhitespace }) { drafts[last].parts.append(.text(text)) }
    }
}
