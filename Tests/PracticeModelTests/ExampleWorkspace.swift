import Foundation
import PracticeModel
import Values

/// The example workspace at the top of the repository, as its files stand.
struct ExampleWorkspace {
    struct Message {
        let text: String
        let label: String
        let kind: String
    }

    let examples: [Classifier.Example]
    let messages: [Message]

    init() throws {
        examples = try Self.lines("examples").map {
            Classifier.Example(text: $0["text"]?.string ?? "", label: $0["label"]?.string ?? "")
        }
        messages = try zip(Self.lines("messages"), Self.lines("labels")).map {
            Message(
                text: $0["message"]?.string ?? "",
                label: $1["label"]?.string ?? "",
                kind: $1["kind"]?.string ?? ""
            )
        }
    }

    private static func lines(_ name: String) throws -> [JSON] {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Policies/message-triage.\(name).jsonl")
        return try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
            .map { try JSON.read(String($0)) }
    }
}
