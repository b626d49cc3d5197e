internal import Expressions
package import Reviews
package import Values

extension Policy {
    /// The policy of a question that a flow puts to people: nothing but its review.
    ///
    /// Its decisions go through the same path as all others, so that inbox, log and reports know them.
    /// `digest` is that of the file the question stands in.
    package static func question(
        name: String,
        title: String?,
        owner: String?,
        output: Schema,
        terms: Review.Terms,
        digest: Digest
    ) throws(Diagnostics) -> Policy {
        let names = ["input", "lists", "vars", "now", "step", "caller"]
        let none = ExpressionEnvironment(variables: names.map { Variable($0, .dyn) })
        return Policy(
            name: name,
            title: title,
            owner: owner,
            autonomy: .manual,
            input: try Schema(.object(JSONObject())),
            output: output,
            compared: [],
            rules: [],
            model: nil,
            checks: [],
            accept: [],
            budget: nil,
            reviewTerms: terms,
            audit: AuditClause(rate: 0, rules: 0, terms: terms),
            privatePointers: [],
            digest: digest,
            environments: PolicyEnvironments(
                rules: none,
                checks: none,
                accept: none,
                lists: .object(JSONObject()),
                vars: .object(JSONObject())
            )
        )
    }
}
