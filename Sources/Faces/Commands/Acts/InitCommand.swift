internal import Platform
internal import Values

/// `stepgate init`.
enum InitCommand {
    static let specification = CommandSpecification(
        "init",
        "Makes a workspace with an example to start from.",
        arguments: ["[DIR]"],
        examples: ["stepgate init demo", "stepgate init"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let folder = call.arguments.first ?? "."
        if let there = Starter.files.map(\.path).first(where: { Folder.exists(folder + "/" + $0) })
        {
            throw CommandFailure.refused(
                "\(folder)/\(there) is there already, so nothing was written; name another folder"
            )
        }
        for (path, bytes) in Starter.files {
            try Folder.make(Location.folder(of: folder + "/" + path))
            let file = try File(folder + "/" + path, for: .creating)
            try file.write(bytes)
            try file.synchronize()
        }
        if call.wantsJSON {
            Terminal.standard.print(
                [
                    "folder": .string(folder),
                    "files": .array(Starter.files.map { .string($0.path) }),
                ]
            )
            return .success
        }
        for (path, _) in Starter.files { Terminal.standard.print("made \(folder)/\(path)") }
        let option = folder == "." ? "" : " --workspace \(folder)"
        Terminal.standard.print(
            """

            next:
              stepgate check\(option)
              stepgate practice-model\(option) &
              stepgate decide message-triage\(option) --input \(folder)/Policies/message-triage.messages.jsonl \\
                --output decided.jsonl --key id
              stepgate review list\(option)
              stepgate flow show refund\(option)
            """
        )
        return .success
    }
}
