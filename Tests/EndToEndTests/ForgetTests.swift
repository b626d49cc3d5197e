import Testing
import Values

/// Retention and the doctor, by the built program, on a store that no server drives.
struct ForgetTests {
    @Test func `runs that ended are forgotten, those that wait are not, and nothing is amiss`()
        throws
    {
        let program = try Program()
        try program.write("stepgate.yaml", "models: {}")
        try program.write(
            "Flows/short.yaml",
            "flow: short\ninput: {n: integer}\nsteps:\n  - {id: a, set: {n: \"${{ input.n }}\"}}\n"
        )
        try program.write(
            "Flows/long.yaml",
            "flow: long\ninput: {n: integer}\nsteps:\n  - {id: a, work: {kind: k}}\n"
        )
        #expect(try program.run("promote", "draft").code == 0)
        for flow in ["short", "short", "long"] {
            let started = try program.run("run", "start", flow, "--input", #"{"n":1}"#)
            #expect(started.code == 0, "\(started.errors)")
        }
        #expect(try program.json("run", "list").array?.count == 3)
        #expect(try program.json("run", "forget", "--older", "1d")["forgotten"] == 0)
        let some = try program.json("run", "forget", "--older", "0s", "--state", "cancelled")
        #expect(some["forgotten"] == 0)
        #expect(try program.json("run", "forget", "--older", "0s")["forgotten"] == 2)
        let left = try program.json("run", "list").array ?? []
        #expect(left.map { $0["flow"]?.string } == ["long"])
        #expect(try program.json("doctor")["findings"] == [])
        #expect(try program.run("run", "forget", "--older", "0s", "--state", "running").code == 2)
        #expect(try program.run("run", "forget").code == 2)
    }
}
