package import Autonomy
package import Values

extension Workspace {
    /// What its policies want of their models and the models' shapes cannot give; each an error.
    package var modelProblems: [Diagnostic] {
        policies.keys.sorted().flatMap { name -> [Diagnostic] in
            guard let policy = policies[name], let clause = policy.model else { return [] }
            let output = OutputForm(name: name, schema: policy.output)
            return clause.use.flatMap { model -> [Diagnostic] in
                guard let shape = models[model]?.shape else { return [] }
                return shape.problems(output: output, confidence: clause.confidence).map {
                    Diagnostic("model '\(model)': \($0)", at: clause.place)
                }
            }
        }
    }
}
