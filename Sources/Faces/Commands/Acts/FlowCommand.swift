internal import Flows
internal import Values

/// `stepgate flow …`: which flows there are, and what each does.
enum FlowCommand {
    static let specifications = [
        CommandSpecification(
            "flow list",
            "Lists the workspace's flows: their steps, stages and what starts them.",
            examples: ["stepgate flow list", "stepgate flow list --json"],
            run: list
        ),
        CommandSpecification(
            "flow show",
            "Shows a flow's steps as a tree: what each does, when, and what if it fails.",
            arguments: ["NAME"],
            examples: ["stepgate flow show refund", "stepgate flow show refund --json"],
            run: show
        ),
    ]

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let flows = try OpenWorkspace(call).flows.values.sorted { $0.name < $1.name }
        if call.wantsJSON {
            Terminal.standard.print(.array(flows.map(\.summary)))
            return .success
        }
        guard !flows.isEmpty else {
            Terminal.standard.note("the workspace has no flows in Flows/")
            return .success
        }
        for line in table(flows).lines(width: Terminal.standard.width) {
            Terminal.standard.print(line)
        }
        return .success
    }

    static func table(_ flows: [Flow]) -> Table {
        var table = Table([
            .init("flow", whole: true), .init("steps", number: true), .init("stages"),
            .init("starts by"), .init("owner"), .init("title"),
        ])
        for flow in flows {
            let triggers = flow.triggers.map(\.text)
            table.add([
                flow.name, "\(flow.steps.count)", flow.stages.joined(separator: ", "),
                triggers.isEmpty ? "hand" : triggers.joined(separator: ", "), flow.owner ?? "",
                flow.title ?? "",
            ])
        }
        return table
    }

    private static func show(_ call: Invocation) async throws -> ExitCode {
        let name = call.arguments[0]
        let flows = try OpenWorkspace(call).flows
        guard let flow = flows[name] else {
            let names = flows.keys.sorted()
            let near = nearest(name, in: names).map { "; did you mean '\($0)'?" }
            let there =
                names.isEmpty
                ? "; the workspace has none in Flows/"
                : "; there are \(names.joined(separator: ", "))"
            throw CommandFailure.refused("there is no flow '\(name)'" + (near ?? there))
        }
        if call.wantsJSON {
            Terminal.standard.print(flow.json)
            return .success
        }
        let page = FlowPage(flow)
        for line in page.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }
}
