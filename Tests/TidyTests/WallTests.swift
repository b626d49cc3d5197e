import Foundation
import Testing

/// The walls between tiers, by the manifest and by the sources.
struct WallTests {
    static let order = ["Core": 0, "Engine": 1, "Adapters": 2, "Faces": 3]
    static let coreLibraries: Set<String> = ["CJSON", "CRegex", "CDigest"]

    @Test(.enabled(if: Self.path("STEPGATE_PACKAGE_DESCRIPTION") != nil, "run by Scripts/test"))
    func `every dependency points to the same tier or one above`() throws {
        let file = try #require(Self.path("STEPGATE_PACKAGE_DESCRIPTION"))
        let data = try Data(contentsOf: URL(filePath: file))
        let package = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let targets = try #require(package["targets"] as? [[String: Any]])
        var tiers: [String: String] = [:]
        for target in targets {
            let path = (target["path"] as? String ?? "").split(separator: "/").map(String.init)
            if path.count > 1, path[0] == "Sources", let name = target["name"] as? String {
                tiers[name] = path[1]
            }
        }
        #expect(tiers.count > 15)
        for target in targets {
            let name = target["name"] as? String ?? ""
            guard let tier = tiers[name], let place = Self.order[tier] else { continue }
            for dependency in target["target_dependencies"] as? [String] ?? [] {
                let other = try #require(tiers[dependency])
                #expect(
                    (Self.order[other] ?? 9) <= place,
                    "\(name) (\(tier)) must not use \(dependency) (\(other))"
                )
                if tier == "Adapters", other == "Adapters" {
                    #expect(dependency.hasPrefix("C"), "adapters know only their library: \(name)")
                }
            }
        }
    }

    @Test func `Core imports nothing that reads the world`() {
        var found: [String] = []
        for file in Tree.sources where Tree.place(file.path).tier == "Core" {
            for (index, line) in file.lines.enumerated() {
                guard let module = Self.imported(line) else { continue }
                let isC = module.hasPrefix("C") && module.dropFirst().first?.isUppercase == true
                let banned = [
                    "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch",
                ].contains(module)
                if banned || isC && !Self.coreLibraries.contains(module) {
                    found.append(finding(file, index, "Core imports \(module)", "take values"))
                }
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func `each C library has one target that imports it`() {
        var users: [String: Set<String>] = [:]
        for file in Tree.sources {
            for line in file.lines {
                guard let module = Self.imported(line), module.hasPrefix("C"), module != "Commands"
                else { continue }
                users[module, default: []].insert(Tree.place(file.path).target)
            }
        }
        #expect(users.count >= 7)
        for (module, targets) in users {
            #expect(targets.count == 1, "\(module) is imported by \(targets.sorted())")
        }
    }

    /// Files that own pointers or vouch for what the compiler cannot see, each with its reason.
    static let unsafeOwners = [
        "Sources/Core/Values/Digest.swift": "owner of CDigest",
        "Sources/Core/Values/FastJSONReader.swift": "owner of CJSON",
        "Sources/Core/Values/RegularExpression.swift": "owner of CRegex",
        "Sources/Adapters/StorageSQLite/SQLiteConnection.swift": "owner of CSQLite",
        "Sources/Adapters/StorageSQLite/StoreLock.swift": "flock",
        "Sources/Adapters/StorageSQLite/Confined.swift": "a connection confined to its queue",
        "Sources/Adapters/HTTPMicro/HTTPServer.swift": "addresses of the C library",
        "Sources/Adapters/HTTPMicro/ServerLoop.swift": "owner of CMicroHTTPD",
        "Sources/Adapters/HTTPMicro/ServerCallbacks.swift": "what CMicroHTTPD calls",
        "Sources/Adapters/HTTPMicro/RequestHead.swift": "what CMicroHTTPD read",
        "Sources/Adapters/HTTPMicro/QueuedResponse.swift": "what CMicroHTTPD sends",
        "Sources/Adapters/HTTPMicro/Exchange.swift": "a connection that is suspended and resumed",
        "Sources/Adapters/HTTPMicro/ServerWatch.swift": "sockets of the C library",
        "Sources/Adapters/HTTPCurl/CurlHandles.swift": "owner of CCurl",
        "Sources/Adapters/HTTPCurl/Response.swift": "what CCurl's callbacks fill",
        "Sources/Adapters/HTTPCurl/CurlLoop.swift": "the thread of CCurl",
        "Sources/Adapters/Documents/YAMLEvents.swift": "owner of CYAML",
        "Sources/Adapters/Platform/File.swift": "owner of file descriptors",
        "Sources/Adapters/Platform/Folder.swift": "folders of the C library",
        "Sources/Adapters/Platform/Process.swift": "the process's own state",
        "Sources/Adapters/Platform/Signals.swift": "libdispatch's sources of signals",
    ]

    @Test func `pointers and unchecked promises stay with their owners`() {
        var found: [String] = []
        for file in Tree.sources where Self.unsafeOwners[file.path] == nil {
            for (index, line) in file.code.enumerated()
            where line.contains("unsafe ") || line.contains("@unchecked")
                || line.contains("nonisolated(unsafe)")
            {
                found.append(finding(file, index, "unsafe outside an owner", "ask the owner"))
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test(.enabled(if: Self.path("STEPGATE_SUPPORTED_FEATURES") != nil, "run by Scripts/test"))
    func `the compiler knows every feature the manifest names`() throws {
        // A misspelt name is accepted in silence.
        let file = try #require(Self.path("STEPGATE_SUPPORTED_FEATURES"))
        let known = try String(contentsOfFile: file, encoding: .utf8)
        let manifest = try String(contentsOfFile: Tree.root + "/Package.swift", encoding: .utf8)
        let names = manifest.split(separator: ".enableUpcomingFeature(\"").dropFirst()
            .map { $0.prefix { $0 != "\"" } }
        #expect(names.count == 6)
        for name in names { #expect(known.contains("\"\(name)\""), "\(name) is no feature") }
    }

    @Test func `migrations are numbered without a gap`() throws {
        let folder = Tree.root + "/Sources/Adapters/StorageSQLite/Migrations"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(!names.isEmpty)
        for (index, name) in names.enumerated() {
            let number = String(repeating: "0", count: 4 - "\(index + 1)".count) + "\(index + 1)"
            #expect(name.hasPrefix(number + "_"))
        }
    }

    @Test func `the glossary has every word of the product`() throws {
        let glossary = try String(
            contentsOfFile: Tree.root + "/Docs/Glossary.md",
            encoding: .utf8
        )
        let words = [
            "step", "policy", "autonomy", "route", "decision", "entry", "outcome", "check",
            "review",
            "audit", "flow", "workspace", "release", "run", "attempt", "dead letter",
        ]
        for word in words { #expect(glossary.contains("**\(word)**"), "\(word) is missing") }
    }

    @Test func `the diagrams name every state`() throws {
        let page = try String(
            contentsOfFile: Tree.root + "/Docs/Architecture.md",
            encoding: .utf8
        )
        for state in ["asking", "review", "decided", "rejected", "failed", "withdrawn"] {
            #expect(page.contains("decision_\(state)"), "\(state) is missing from the diagram")
        }
        for state in ["open", "settled", "withdrawn"] {
            #expect(page.contains("review_\(state)"), "\(state) is missing from the diagram")
        }
        for state in ["waiting", "sending", "delivered", "exhausted", "stopped"] {
            #expect(page.contains("callback_\(state)"), "\(state) is missing from the diagram")
        }
        let models = try String(
            contentsOfFile: Tree.root + "/Docs/Models.md",
            encoding: .utf8
        )
        for state in ["closed", "open", "halfOpen"] {
            #expect(models.contains("breaker_\(state)"), "\(state) is missing from the diagram")
        }
    }

    private static func path(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }

    /// The module a line imports.
    private static func imported(_ line: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at <= 1, at + 1 < words.count else {
            return nil
        }
        return words[at + 1]
    }
}
