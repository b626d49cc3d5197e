import PracticeModel
import Testing

struct ClassifierTests {
    private let workspace: ExampleWorkspace
    private let classifier: Classifier

    init() throws {
        workspace = try ExampleWorkspace()
        classifier = Classifier(workspace.examples)
    }

    private func judge(
        _ message: ExampleWorkspace.Message
    ) -> (guess: String, p: Double, isRight: Bool) {
        let p = classifier.probabilities(of: message.text, among: classifier.labels)
        let best = p.indices.max { p[$0] < p[$1] } ?? 0
        let guess = classifier.labels[best]
        return (guess, p[best], guess == message.label)
    }

    @Test(
        arguments: [
            ["order_status", "refund_request"], ["none_of_these", "cancel_order", "nobody_knows"],
            ["a", "b", "c"], ["other", "return_item"], ["none", "none_of_these", "wrong_item"],
        ]
    )
    func `probabilities are of the labels asked for and sum to one`(labels: [String]) {
        for text in ["where is my order", "zxcv qwer", "", "…", "Ünïcödé 漢字 🎁"] {
            let p = classifier.probabilities(of: text, among: labels)
            #expect(p.count == labels.count)
            #expect(p.allSatisfy { (0...1).contains($0) })
            #expect(abs(p.reduce(0, +) - 1) < 1e-9)
        }
    }

    @Test func `the same examples make the same model`() {
        let again = Classifier(workspace.examples)
        #expect(again.validation == classifier.validation)
        for message in workspace.messages.prefix(40) {
            #expect(
                again.probabilities(of: message.text, among: again.labels)
                    == classifier.probabilities(of: message.text, among: classifier.labels)
            )
        }
    }

    @Test func `held-out examples find it as sure as it is right`() {
        #expect(classifier.validation.accuracy > 0.65)
        #expect(classifier.validation.calibrationError < 0.06)
        #expect(classifier.validation.temperature != 1)
    }

    @Test func `on the messages, confidence and share right stay within a tenth`() {
        var distances = [Double](repeating: 0, count: 10)
        for message in workspace.messages {
            let judged = judge(message)
            distances[min(9, Int(judged.p * 10))] += judged.p - (judged.isRight ? 1 : 0)
        }
        let error = distances.reduce(0) { $0 + abs($1) } / Double(workspace.messages.count)
        #expect(error < 0.1, "expected calibration error \(error)")
    }

    /// What the comment at the policy's threshold says.
    @Test func `above the policy's threshold half are decided and fewer than one in ten wrong`() {
        let sure = workspace.messages.map(judge).filter {
            $0.p >= 0.75 && $0.guess != "none_of_these"
        }
        let share = Double(sure.count) / Double(workspace.messages.count)
        let wrong = Double(sure.count { !$0.isRight }) / Double(sure.count)
        #expect((0.45...0.67).contains(share), "decided \(share)")
        #expect(wrong < 0.1, "wrong \(wrong)")
    }

    @Test func `hard messages are missed more often than easy ones`() {
        func accuracy(_ kind: String) -> Double {
            let judged = workspace.messages.filter { $0.kind == kind }.map(judge)
            return Double(judged.count { $0.isRight }) / Double(judged.count)
        }
        #expect(accuracy("easy") > 0.8)
        #expect(accuracy("hard") < accuracy("easy"))
    }

    @Test func `what nobody here talks about leans to none of these`() {
        let text = "quantum chromodynamics vexes marsupial oboists"
        let p = classifier.probabilities(of: text, among: classifier.labels)
        let none = classifier.labels.firstIndex(of: "none_of_these") ?? 0
        #expect(p.max() == p[none])
    }

    @Test(arguments: ["none", "other", "none_of_the_above"])
    func `another word for none of these is judged as it`(word: String) {
        let text = "please write a poem about cats"
        let others = classifier.labels.filter { $0 != "none_of_these" }
        #expect(
            classifier.probabilities(of: text, among: others + [word])
                == classifier.probabilities(of: text, among: others + ["none_of_these"])
        )
    }

    @Test func `without examples of none of these, unknown words speak for it`() throws {
        let others = Classifier(workspace.examples.filter { $0.label != "none_of_these" })
        let labels = others.labels + ["none_of_these"]
        let strange = others.probabilities(
            of: "quantum chromodynamics vexes marsupial oboists",
            among: labels
        )
        let usual = others.probabilities(of: "where is my order", among: labels)
        #expect(try #require(strange.last) > 0.5)
        #expect(try #require(usual.last) < 0.1)
    }

    @Test func `a handful of examples is enough to start`() {
        let few = Classifier([
            Classifier.Example(text: "good", label: "yes"),
            Classifier.Example(text: "bad", label: "no"),
        ])
        let p = few.probabilities(of: "good", among: ["yes", "no"])
        #expect(p[0] > p[1])
        #expect(few.validation.temperature == 1)
    }
}
