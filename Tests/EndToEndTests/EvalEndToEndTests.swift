import Testing
import Values

/// `stepgate eval` by the built program.
struct EvalEndToEndTests {
    @Test func `an expression is evaluated, and each kind of mistake has its own exit code`() throws
    {
        let program = try Program()
        try program.write("order.yaml", "amount: number\ntags(array): string\n")
        try program.write("order.json", #"{"amount": 120, "tags": ["a"]}"#)
        try program.write("bad.json", #"{"amount": "much", "tags": [1]}"#)
        func ask(_ text: String, _ input: String = "order.json") throws -> Program.Ended {
            try program.run("eval", text, "--input", input, "--schema", "order.yaml", "--explain")
        }

        let holds = try ask("input.amount > 100")
        #expect(holds.code == 0, "\(holds.errors)")
        #expect(holds.output.contains("value     true") && holds.output.contains("= 120.0"))

        let mistake = try ask("input.amuont > 100")
        #expect(mistake.code == 1 && mistake.output.isEmpty)
        #expect(mistake.errors.contains("^^^^") && mistake.errors.contains("fix: write"))

        let failing = try ask("input.tags[1] == 'a'")
        #expect(failing.code == 1)
        #expect(failing.errors.contains("<expression>:1:1: error: the index is out of range"))

        let misfit = try ask("input.amount > 100", "bad.json")
        #expect(misfit.code == 3 && misfit.output.isEmpty)
        #expect(misfit.errors.contains("/amount: expected number; got a string"))
        #expect(misfit.errors.contains("/tags/0: expected string; got an integer"))

        #expect(try program.run("eval").code == 2)
        #expect(try program.run("eval", "1", "--input", "none.json").code == 4)
        let json = try program.json("eval", "[1, 2].map(x, x * 2)")
        #expect(json["value"] == [2, 4] && json["type"] == "list of int")
        let wrong = try program.json("eval", "1 +")
        #expect(wrong["diagnostics"]?.array?.first?["line"] == 1)
    }
}
