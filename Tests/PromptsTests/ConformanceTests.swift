import Documents
import Prompts
import TestSupport
import Testing
import Values

/// The public Dotprompt suite: what a template renders to.
struct ConformanceTests {
    static let files = [
        "helpers_ifEquals", "helpers_json", "helpers_media", "helpers_section",
        "helpers_unlessEquals", "metadata", "partials", "picoschema", "unicode", "variables",
        "whitespace",
    ]

    @Test(.enabled(if: Conformance.isHere, "the conformance cases are not here"), arguments: files)
    func `every case of the public Dotprompt suite renders as expected`(file: String) throws {
        var failures: [String] = []
        var count = 0
        for suite in try Conformance.json("dotprompt/\(file).json")["suites"]?.array ?? [] {
            for test in suite["tests"]?.array ?? [] {
                count += 1
                if let failure = Self.failure(suite, test) {
                    failures.append("\(suite["name"]?.string ?? ""): \(failure)")
                }
            }
        }
        print("dotprompt \(file): passed \(count - failures.count) of \(count)")
        #expect(count > 0)
        #expect(
            failures.isEmpty,
            "\(failures.count) of \(count):\n\(failures.joined(separator: "\n"))"
        )
    }

    static func failure(_ suite: JSON, _ test: JSON) -> String? {
        do {
            var partials: [String: SourceText] = [:]
            for key in ["partials", "resolverPartials"] {
                for member in suite[key]?.object?.members ?? [] {
                    partials[member.name] = SourceText(
                        name: member.name,
                        text: member.value.string ?? ""
                    )
                }
            }
            var named: [String: JSON] = [:]
            for key in ["schemas", "resolverSchemas"] {
                for member in suite[key]?.object?.members ?? [] {
                    named[member.name] = member.value
                }
            }
            let prompt = try Prompt.compile(
                name: "case",
                source: SourceText(name: "<case>", text: suite["template"]?.string ?? ""),
                reader: YAMLReader(),
                partials: partials,
                schemas: named
            )
            let data = overlay(suite["data"], test["data"])
            let messages = try prompt.render(
                RenderData(
                    input: merged(
                        test["options"]?["input"]?["default"],
                        data["input"]
                    ),
                    context: data["context"]?.object ?? JSONObject(),
                    history: (data["messages"]?.array ?? []).map(message)
                )
            )
            if let expected = test["expect"]?["messages"]?.array {
                let actual = messages.map(json)
                if actual != expected {
                    return "\(JSON.array(actual).compactText)\n  expected "
                        + JSON.array(expected).compactText
                }
            }
            if let expected = test["expect"]?["output"]?["schema"],
                prompt.frontMatter.outputSchema != expected
            {
                return "schema \(prompt.frontMatter.outputSchema?.compactText ?? "none")"
                    + ", expected \(expected.compactText)"
            }
            return nil
        } catch let error as Diagnostics {
            return error.rendered
        } catch {
            return "\(error)"
        }
    }

    private static func overlay(_ base: JSON?, _ over: JSON?) -> JSON {
        var object = base?.object ?? JSONObject()
        for member in over?.object?.members ?? [] {
            object = object.setting(member.name, to: member.value)
        }
        return .object(object)
    }

    private static func merged(_ base: JSON?, _ over: JSON?) -> JSON { overlay(base, over) }

    private static func message(_ json: JSON) -> Message {
        let parts = json["content"]?.array?.compactMap(\.["text"]?.string).map(Message.Part.text)
        return Message(
            role: Message.Role(rawValue: json["role"]?.string ?? "user") ?? .user,
            content: parts ?? [],
            metadata: json["metadata"]
        )
    }

    private static func json(_ message: Message) -> JSON {
        let parts: [JSON] = message.content.map { part in
            switch part {
            case .text(let text): return ["text": .string(text)]
            case .media(let url, let type):
                var media: JSON = ["url": .string(url)]
                if let type, let object = media.object {
                    media = .object(object.setting("contentType", to: .string(type)))
                }
                return ["media": media]
            case .section(let name):
                return ["metadata": ["purpose": .string(name), "pending": true]]
            }
        }
        var object = JSONObject(uniqueMembers: [
            .init("role", .string(message.role.rawValue)), .init("content", .array(parts)),
        ])
        if let metadata = message.metadata { object = object.setting("metadata", to: metadata) }
        return .object(object)
    }
}
