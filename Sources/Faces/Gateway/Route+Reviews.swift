internal import Reviews
internal import Values

extension Route {
    static let reviews: [Route] =
        [
            Route(
                method: "GET",
                path: "/v1/reviews",
                roles: staff,
                operation: "listReviews",
                tag: .reviews,
                summary: "Lists reviews that wait, oldest first.",
                query: [
                    Parameter(
                        name: "queue",
                        schema: ["type": "string"],
                        description: "only in this queue"
                    ),
                    Parameter(
                        name: "kind",
                        schema: Form.word("A kind.", of: Review.Kind.allCases.map(\.rawValue)),
                        description: "only of this kind"
                    ),
                    .cursor, .limit,
                ],
                answers: [
                    Answer(
                        status: 200,
                        description: "A page of them.",
                        schema: Components.ref("ReviewPage"),
                        links: .review("/reviews/0/review")
                    )
                ],
                handler: { gateway, call async throws(Problem) in try await gateway.reviews(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/reviews/{id}",
                roles: staff,
                operation: "getReview",
                tag: .reviews,
                summary: "A review with what a person needs to judge it.",
                names: [.review],
                answers: [
                    Answer(
                        status: 200,
                        description: "The review.",
                        schema: Components.ref("ReviewCase"),
                        links: .review("/review")
                    )
                ],
                faults: [.release],
                handler: { gateway, call async throws(Problem) in try await gateway.review(call) }
            ),
        ] + ReviewWord.allCases.map(act)

    private static func act(_ word: ReviewWord) -> Route {
        Route(
            method: "POST",
            path: "/v1/reviews/{id}:\(word.rawValue)",
            roles: judges,
            operation: word.operation,
            tag: .reviews,
            summary: word.summary,
            names: [.review],
            body: word.body,
            answers: [
                Answer(
                    status: 200,
                    description: "It is done.",
                    schema: Components.ref("ReviewResult"),
                    links: .review("/review/review")
                )
            ],
            faults: [.refused, .release] + (word.body.isRequired ? [.output] : []),
            handler: { gateway, call async throws(Problem) in try await gateway.act(word, call) }
        )
    }
}

/// What a person can do to a review, as the path's last word.
enum ReviewWord: String, Sendable, CaseIterable {
    case claim, renew, release, reassign, approve, edit, decide, reject

    fileprivate var operation: String { "\(rawValue)Review" }

    fileprivate var summary: String {
        switch self {
        case .claim: "Takes a seat, so that nobody else does the same work."
        case .renew: "Makes a claim last longer, for who holds it."
        case .release: "Gives a seat back."
        case .reassign: "Gives the review to another person, or to nobody in particular."
        case .approve: "Says that the draft is right."
        case .edit: "Says what is right instead of the draft."
        case .decide: "Says what is right, where there is no draft."
        case .reject: "Says that the step must not proceed."
        }
    }

    fileprivate var body: Route.Body {
        switch self {
        case .claim, .renew, .release, .approve: .nothing
        case .reassign:
            Route.Body(
                schema: Components.ref("NewReviewer"),
                description: "Whom it goes to.",
                isRequired: false
            )
        case .edit, .decide:
            Route.Body(schema: Components.ref("Verdict"), description: "The right answer.")
        case .reject: Route.Body(schema: Components.ref("Rejection"), description: "Why.")
        }
    }
}

extension [Route.Link] {
    /// What can be done next with a review whose identifier stands at `pointer`.
    fileprivate static func review(_ pointer: String) -> [Route.Link] {
        (["getReview"] + ReviewWord.allCases.map(\.operation)).map {
            Route.Link(name: $0, operation: $0, id: pointer)
        }
    }
}
