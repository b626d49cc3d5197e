internal import Access
internal import Engine
internal import Values
internal import Webhooks

/// Where a caller wants to be called back.
extension Gateway {
    /// What the body's `callback_url` asks for, when it may be.
    func callback(_ body: JSON, _ visitor: Visitor) throws(Problem) -> CallbackWish? {
        guard let asked = body["callback_url"] else { return nil }
        let text = asked.string ?? ""
        let url: CallbackURL
        do {
            url = try CallbackURL(text)
        } catch {
            throw refused(error.message)
        }
        guard allowsPrivateCallbacks || !url.isPrivate else {
            throw refused(
                "its host is not on the public internet, and this server calls back nowhere else"
            )
        }
        return CallbackWish(url: url, token: visitor.token.id)
    }

    private func refused(_ detail: String) -> Problem {
        var problem = Problem(
            422,
            "invalid-callback",
            "The callback URL is not usable",
            "/callback_url: \(detail)"
        )
        let pointer = JSONPointer(tokens: ["callback_url"])
        problem.failures = [SchemaFailure(pointer, "format", detail)]
        return problem
    }
}
