package import Autonomy
package import Flows
package import Models
package import Values

/// A release ready to decide with: its compiled workspace, its flows, and a client for each of its
/// models.
package final class LoadedRelease: Sendable {
    package let workspace: Workspace
    /// By their names.
    package let flows: [String: Flow]
    /// By the name under `models:`.
    package let clients: [String: ModelClient]
    /// What each policy wants answered, prepared once.
    let outputs: [String: OutputForm]

    let attachments: AttachmentReader
    /// The questions that flows put to people, by `FLOW/STEP`.
    private let questions: [String: Policy]

    package init(
        workspace: Workspace,
        flows: [String: Flow] = [:],
        clients: [String: ModelClient],
        attachments: any AttachmentSource
    ) {
        questions = flows.values.reduce(into: [:]) { questions, flow in
            for policy in flow.questions { questions[policy.name] = policy }
        }
        self.attachments = AttachmentReader(folder: workspace.attachments, source: attachments)
        self.workspace = workspace
        self.flows = flows
        self.clients = clients
        outputs = workspace.policies.mapValues {
            OutputForm(name: $0.name, schema: $0.output)
        }
    }

    package var digest: Digest { workspace.release.digest }

    /// The policy of that name, or the question that a flow puts to people.
    package func policy(_ name: String) -> Policy? {
        workspace.policies[name] ?? questions[name]
    }
}

/// Finds the release that a decision was begun under, so that it is finished under the same.
package protocol ReleaseSource: Sendable {
    /// Throws when the store does not hold it, or its models cannot be reached from here (a key's
    /// environment variable is not set).
    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease
}

/// Why the engine could not go on with something.
package struct EngineError: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
        /// No decision, review or release of that name.
        case unknown
        /// The act is not allowed now; nothing has changed.
        case refused
        /// What was given does not fit the policy; nothing has changed.
        case invalid
        /// The store did not take it; nothing was acknowledged.
        case store
        /// More is under way than may be; nothing was acknowledged.
        case busy
        /// The release cannot be loaded.
        case release
    }

    package let code: Code
    /// One or two sentences for a person, with what to do next where that is known.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
