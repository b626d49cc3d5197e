package import Values

/// One message of a rendered prompt.
package struct Message: Sendable, Equatable {
    package enum Role: String, Sendable {
        case system
        case user
        /// The assistant; Dotprompt's word for it.
        case model
        case tool
    }

    package enum Part: Sendable, Equatable {
        case text(String)
        /// A picture or document by reference, as Dotprompt's `media` helper writes it.
        case media(url: String, contentType: String?)
        /// A named place that an application fills; models see nothing of it.
        case section(String)
    }

    package let role: Role
    package let content: [Part]
    /// What helpers noted on the message, such as `{"purpose": "history"}`.
    package let metadata: JSON?

    package init(role: Role, content: [Part], metadata: JSON? = nil) {
        self.role = role
        self.content = content
        self.metadata = metadata
    }
}
