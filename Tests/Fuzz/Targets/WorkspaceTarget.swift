import Autonomy
import Documents
import Values

private let stepgate = """
    models:
      fast: {shape: decisions, url: "http://127.0.0.1:1/v1", model: m, price: {input: 1, output: 2}}
      strong: {shape: decisions, url: "http://127.0.0.1:1/v1", model: n}
      talk: {shape: chat, url: "http://127.0.0.1:1/v1", model: n}
    lists: {vip: Lists/vip.csv, sanctioned: Lists/rows.csv}
    vars: {shop: "${env:SHOP:-the shop}", limit: 20}
    """

private let policy = """
    policy: p
    autonomy: supervised
    input: {amount: number, message: string}
    output: {action(enum): [refund, reject]}
    rules: [{id: small, when: input.amount <= 20, decide: {action: refund}}]
    model: {prompt: message-triage, use: [fast], confidence: {from: probability, of: action}}
    accept: [{threshold: 0.8}]
    review: {queue: refunds}
    """

private let standing: [String: String] = [
    "stepgate.yaml": stepgate, "Policies/p.yaml": policy,
    "Prompts/message-triage.prompt": "{{role \"user\"}}{{message}}",
    "Lists/vip.csv": "id\nC-1\nC-2\n", "Lists/rows.csv": "id,limit\nC-1,20\n\"C,2\",7\n",
]

private let inputs: [JSON] = [
    ["amount": 20, "message": "a", "customer": ["id": "C-1", "tier": "new"], "tags": []],
    [
        "amount": 1, "message": "a", "customer": ["id": "C", "tier": "gold"], "tags": ["a"],
        "count": 2,
    ],
    ["amount": -1.5, "message": "", "days_since_delivery": 91, "customer": ["id": "", "tier": 1]],
    [:], .null,
]

/// The file that an input's first byte stands for.
private let files: [UInt8: String] = [
    UInt8(ascii: "P"): "Policies/p.yaml", UInt8(ascii: "W"): "stepgate.yaml",
    UInt8(ascii: "L"): "Lists/rows.csv", UInt8(ascii: "D"): "Prompts/message-triage.prompt",
]

/// A workspace of which one file is made up: what is wrong has its place.
///
/// What is not wrong routes any step. The first byte says which file; after `C` it holds cases.
@Sendable
func fuzzWorkspace(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let content = Array(bytes.dropFirst())
    if first == UInt8(ascii: "C") { return readCases(content) }
    var made = standing.mapValues { Array($0.utf8) }
    made[files[first] ?? "Policies/p.yaml"] = files[first] == nil ? bytes : content
    let check = Workspace.compile(
        files: WorkspaceFiles(made),
        reader: YAMLReader(),
        environment: ["SHOP": "s"],
        zones: { $0 == "UTC" ? .utc : nil }
    )
    // What follows a byte that is not UTF-8 is no text; its diagnostics stand before that byte.
    holdPlaces(check.diagnostics, in: made)
    let isWrong = check.diagnostics.contains { $0.severity == .error }
    hold(isWrong == (check.workspace == nil), "a workspace with errors is used, or one without not")
    guard let workspace = check.workspace else { return }
    for policy in workspace.policies.values { decide(policy) }
}

private func decide(_ policy: Policy) {
    let now = Instant(microseconds: 1_800_000_000_000_000)
    for input in inputs {
        let step = Step(
            id: Identifier(high: 1, low: 2),
            policy: policy.name,
            key: nil,
            source: "fuzz",
            caller: Caller(id: "c", roles: ["agent"]),
            input: input
        )
        let first = policy.route(step, now: now)
        hold(
            "\(first.outcome)" == "\(policy.route(step, now: now).outcome)",
            "the same step has two routes"
        )
        let failures = policy.input.validate(input)
        hold(failures == policy.input.validate(input), "an input fits once and not again")
        for failure in failures { hold(!failure.description.isEmpty, "a failure says nothing") }
    }
}

private func readCases(_ bytes: [UInt8]) {
    do {
        let source = try SourceText.decoding(name: "c", bytes: bytes)
        let node = try YAMLReader().read(source)
        holdRanges(node, bytes.count)
        // Read as JSON it is the same document, if its numbers are JSON's.
        _ = node.json.canonicalBytes
        holdPlaces(CaseReader.read(node).diagnostics, in: ["c": bytes])
    } catch {
        error.holdPlaces(in: bytes, named: "c")
    }
}

/// Holds that every node stands inside its text.
private func holdRanges(_ node: Node, _ end: Int) {
    hold(node.range.offsets.upperBound <= end, "a node stands behind the text")
    for entry in node.entries ?? [] {
        hold(entry.nameRange.offsets.upperBound <= end, "a name stands behind the text")
        holdRanges(entry.value, end)
    }
    for element in node.elements ?? [] { holdRanges(element, end) }
}
