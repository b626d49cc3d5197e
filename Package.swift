// swift-tools-version: 6.3
import PackageDescription

/// A Swift target of ours: its folder is its tier, its dependencies point upward only.
func room(
    _ tier: String,
    _ name: String,
    _ dependencies: [String] = [],
    embedding: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Sources/\(tier)/\(name)",
        resources: embedding.map { .embedInCode($0) }
    )
}

/// A C or C++ shim that Core may import: one pure function family behind one Swift owner.
func shim(_ name: String, libraries: [String]) -> Target {
    .target(
        name: name,
        path: "Sources/Core/\(name)",
        linkerSettings: libraries.map { .linkedLibrary($0) }
    )
}

/// A Debian library that exactly one adapter imports.
func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(
        name: name,
        path: "Sources/Adapters/\(name)",
        pkgConfig: pkgConfig,
        providers: [.apt([apt])]
    )
}

func tests(_ name: String, _ dependencies: [String], data: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Tests/\(name)",
        exclude: data
    )
}

let package = Package(
    name: "stepgate",
    products: [.executable(name: "stepgate", targets: ["stepgate"])],
    targets: [
        shim("CJSON", libraries: ["simdjson"]),
        shim("CRegex", libraries: ["re2"]),
        shim("CDigest", libraries: ["crypto"]),
        room(
            "Core",
            "Values",
            ["CJSON", "CRegex", "CDigest"],
            embedding: ["Schema/Metaschemas.json"]
        ),
        room("Core", "Expressions", ["Values"]),
        room("Core", "Prompts", ["Values"]),
        room("Core", "Autonomy", ["Values", "Expressions", "Prompts", "Reviews"]),
        room("Core", "Access", ["Values"]),
        room("Core", "Reviews", ["Values"]),
        room("Core", "Decisions", ["Values"]),
        room("Core", "Flows", ["Values", "Access", "Expressions", "Autonomy", "Reviews"]),
        room("Core", "Runs", ["Values", "Expressions", "Flows"]),
        room("Core", "Webhooks", ["Values", "Decisions"]),

        room("Engine", "Models", ["Values", "Prompts", "Autonomy", "Decisions"]),
        room(
            "Engine",
            "Storage",
            ["Values", "Access", "Reviews", "Decisions", "Runs", "Webhooks"]
        ),
        room(
            "Engine",
            "Telemetry",
            ["Values", "Access", "Reviews", "Decisions", "Runs", "Webhooks", "Storage"]
        ),
        room(
            "Engine",
            "Engine",
            [
                "Values", "Access", "Expressions", "Prompts", "Autonomy", "Reviews", "Decisions",
                "Flows", "Models", "Storage", "Webhooks",
            ]
        ),

        library("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CMicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        room(
            "Adapters",
            "StorageSQLite",
            ["CSQLite", "Values", "Access", "Reviews", "Decisions", "Runs", "Storage", "Webhooks"],
            embedding: [
                "Migrations/0001_initial.sql", "Migrations/0002_models.sql",
                "Migrations/0003_tokens.sql", "Migrations/0004_releases.sql",
                "Migrations/0005_keys.sql", "Migrations/0006_callbacks.sql",
                "Migrations/0007_token_rates.sql", "Migrations/0008_runs.sql",
                "Migrations/0009_run_changes.sql",
                "Migrations/0010_removed_releases.sql", "Migrations/0011_leases.sql",
                "Migrations/0012_people.sql",
            ]
        ),
        room("Adapters", "HTTPCurl", ["CCurl", "Values", "Models", "Webhooks"]),
        room("Adapters", "HTTPMicro", ["CMicroHTTPD", "Values"]),
        room("Adapters", "Documents", ["CYAML", "Values"]),
        room("Adapters", "Platform", ["Values"]),

        room(
            "Faces",
            "Gateway",
            [
                "Values", "Access", "Autonomy", "Decisions", "Engine", "Flows", "Reviews", "Runs",
                "Storage", "Telemetry", "Webhooks",
            ]
        ),
        room("Faces", "PracticeModel", ["Values", "HTTPMicro"]),
        room(
            "Faces",
            "Commands",
            [
                "Values", "Access", "Gateway", "Expressions", "Prompts", "Autonomy", "Reviews",
                "Decisions", "Flows", "Runs", "Models",
                "Storage", "Telemetry", "Engine", "StorageSQLite", "HTTPCurl", "HTTPMicro",
                "Documents", "Platform", "PracticeModel", "Webhooks",
            ],
            embedding: [
                "Starter/stepgate_yaml.txt", "Starter/vip_csv.txt",
                "Starter/message_triage_yaml.txt", "Starter/message_triage_examples_jsonl.txt",
                "Starter/message_triage_messages_jsonl.txt",
                "Starter/message_triage_cases_yaml.txt",
                "Starter/refund_limit_cases_yaml.txt", "Starter/refund_limit_yaml.txt",
                "Starter/message_triage_prompt.txt",
                "Starter/flow_support_triage_yaml.txt", "Starter/flow_refund_yaml.txt",
                "Starter/flow_onboarding_yaml.txt",
            ]
        ),
        .target(
            name: "CAllocator",
            path: "Sources/Adapters/CAllocator",
            linkerSettings: [.linkedLibrary("jemalloc")]
        ),
        .executableTarget(
            name: "stepgate",
            dependencies: ["CAllocator", "Commands"],
            path: "Sources/Faces/stepgate"
        ),

        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        .target(name: "CLoad", dependencies: ["CMicroHTTPD"], path: "Benchmarks/CLoad"),
        .target(
            name: "Measure",
            dependencies: [
                "CAllocations", "CLoad",
                "Values", "Access", "Expressions", "Autonomy", "Decisions", "Models", "Storage",
                "Engine", "StorageSQLite", "HTTPMicro", "Documents", "Platform", "Flows", "Runs",
            ],
            path: "Benchmarks/Measure"
        ),
        .executableTarget(
            name: "bench",
            dependencies: ["Measure"],
            path: "Benchmarks/Stepgate"
        ),

        .target(
            name: "TestSupport",
            dependencies: [
                "Values", "Access", "Reviews", "Decisions", "Models", "Runs", "Storage",
            ],
            path: "Tests/TestSupport"
        ),
        tests("ValuesTests", ["Values", "Platform", "TestSupport"]),
        tests("ExpressionsTests", ["Values", "Expressions", "TestSupport"]),
        tests("DocumentsTests", ["Values", "Documents"]),
        tests("PromptsTests", ["Values", "Prompts", "Documents", "TestSupport"]),
        tests(
            "AutonomyTests",
            ["Values", "Expressions", "Prompts", "Autonomy", "Documents", "TestSupport"]
        ),
        tests(
            "FlowsTests",
            [
                "Values", "Access", "Expressions", "Autonomy", "Reviews", "Flows", "Documents",
                "TestSupport",
            ],
            data: ["Cases"]
        ),
        tests("ReviewsTests", ["Values", "Reviews", "TestSupport"]),
        tests(
            "RunsTests",
            ["Values", "Autonomy", "Flows", "Runs", "Documents", "TestSupport"]
        ),
        tests("AccessTests", ["Values", "Access", "TestSupport"]),
        tests(
            "TelemetryTests",
            [
                "Values", "Access", "Reviews", "Decisions", "Runs", "Storage", "Telemetry",
                "Platform",
                "CAllocations", "TestSupport",
            ]
        ),
        tests("DecisionsTests", ["Values", "Decisions", "TestSupport"]),
        tests("WebhooksTests", ["Values", "Decisions", "Webhooks"]),
        tests(
            "ModelsTests",
            ["Values", "Prompts", "Autonomy", "Decisions", "Models", "TestSupport"],
            data: ["Cases"]
        ),
        tests(
            "StorageTests",
            [
                "Access", "Values", "Reviews", "Decisions", "Runs", "Storage", "StorageSQLite",
                "TestSupport", "Webhooks",
            ]
        ),
        tests("HTTPTests", ["Values", "Models", "HTTPCurl", "HTTPMicro"]),
        tests("PracticeModelTests", ["Values", "HTTPMicro", "PracticeModel"]),
        tests(
            "EngineTests",
            [
                "Access", "Values", "Expressions", "Prompts", "Autonomy", "Reviews", "Decisions",
                "Models",
                "Storage", "StorageSQLite", "Engine", "Documents", "TestSupport", "Webhooks",
                "Flows",
                "Runs",
            ]
        ),
        tests(
            "CommandsTests",
            [
                "Values", "Autonomy", "Flows", "Models", "Platform", "Storage", "Documents",
                "Commands", "TestSupport",
            ]
        ),
        tests(
            "SimulationTests",
            [
                "Access", "Values", "Autonomy", "Decisions", "Documents", "Engine", "Flows",
                "Models",
                "Reviews", "Runs", "Storage", "TestSupport", "Webhooks",
            ],
            data: ["Bugs"]
        ),
        tests(
            "GatewayTests",
            [
                "Values", "Access", "Autonomy", "Decisions", "Documents", "Engine", "Flows",
                "Gateway", "Models", "Runs", "Storage", "Telemetry", "TestSupport", "Webhooks",
            ]
        ),
        tests("EndToEndTests", ["Values", "Decisions", "Storage", "StorageSQLite", "TestSupport"]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// libFuzzer's programs need its runtime, so they are there only for Scripts/fuzz.
if Context.environment["STEPGATE_FUZZ"] == "1" {
    package.targets += [
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Values", "Access", "Expressions", "Prompts", "Autonomy", "Decisions", "Models",
                "Storage", "Telemetry", "Engine", "HTTPMicro", "Documents", "Gateway",
                "TestSupport",
            ],
            path: "Tests/Fuzz/Targets"
        ),
        .executableTarget(
            name: "fuzz",
            dependencies: ["FuzzTargets"],
            path: "Tests/Fuzz/Program"
        ),
    ]
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
