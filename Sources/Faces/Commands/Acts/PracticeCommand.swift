internal import HTTPMicro
internal import Platform
internal import PracticeModel
internal import Values

/// `stepgate practice-model`.
enum PracticeCommand {
    static let specification = CommandSpecification(
        "practice-model",
        "Serves a small classifier, trained at start on the workspace's examples, for practice.",
        options: [
            OptionSpecification("--port", "N", "where it listens (default: 9210; 0: any)"),
            OptionSpecification(
                "--examples",
                "FILE",
                "labelled examples (default: Policies/*.examples.jsonl)"
            ),
        ],
        examples: ["stepgate practice-model --workspace demo --port 9210"],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let port = try call.number("--port", in: 0...65_535, default: 9_210)
        let folder = Location(call).folder
        let paths = try call["--examples"].map { [$0] } ?? examples(in: folder + "/Policies")
        var examples: [Classifier.Example] = []
        for path in paths { examples += try read(path) }
        guard Set(examples.map(\.label)).count >= 2 else {
            throw CommandFailure.refused(
                "there are no examples of two labels to train on: give Policies/NAME.examples.jsonl "
                    + #"lines such as {"text": "…", "label": "…"}"#
            )
        }
        let classifier = Classifier(examples)
        let server = try PracticeServer(classifier, seed: 1).start(port: UInt16(port))
        // It stops when nobody holds it.
        defer { server.stop() }
        if call.wantsJSON {
            Terminal.standard.print(
                [
                    "url": .string("http://127.0.0.1:\(server.port)/v1"),
                    "examples": .int(Int64(examples.count)),
                    "accuracy": .double(classifier.validation.accuracy),
                    "temperature": .double(classifier.validation.temperature),
                ]
            )
        }
        let accuracy = Int((classifier.validation.accuracy * 1_000).rounded())
        let sentence =
            "practice model on http://127.0.0.1:\(server.port)/v1: \(examples.count) examples, "
            + "\(classifier.labels.count) labels, right on \(accuracy / 10).\(accuracy % 10) % "
            + "of held-out ones, temperature \(JSON.ecmaScript(classifier.validation.temperature))"
        if !call.wantsJSON { Terminal.standard.print(sentence) }
        while true { try await SystemClock().sleep(for: .seconds(3_600)) }
    }

    private static func examples(in folder: String) throws -> [String] {
        guard Folder.isFolder(folder) else { return [] }
        return try Folder.names(in: folder).filter { $0.hasSuffix(".examples.jsonl") }
            .map { folder + "/" + $0 }
    }

    private static func read(_ path: String) throws -> [Classifier.Example] {
        var scanner = RecordScanner(quotes: false, limit: Limits.lineBytes)
        var records = scanner.add(try Folder.read(path, limit: Limits.fileBytes))
        if let last = scanner.finish() { records.append(last) }
        return try records.compactMap { record in
            guard let bytes = record.bytes, !bytes.isEmpty else { return nil }
            guard let line = try? JSON.read(bytes), let text = line["text"]?.string,
                let label = line["label"]?.string
            else {
                throw CommandFailure.refused(
                    "line \(record.line) of \(path) is no example: it needs a text and a label"
                )
            }
            return Classifier.Example(text: text, label: label)
        }
    }
}
