import Testing
import Values

/// Releases that go, by the built program, on a store that no server drives.
struct ReleaseRemovalTests {
    @Test func `a release goes once its run has ended, and its run is still shown`() throws {
        let program = try Program()
        try program.write("stepgate.yaml", "models: {}")
        func flow(_ value: Int) throws -> String {
            try program.write(
                "Flows/long.yaml",
                "flow: long\ninput: {n: integer}\nsteps:\n  - {id: a, work: {kind: k\(value)}}\n"
            )
            return try program.json("promote", "draft")["release"]?.string ?? ""
        }
        let first = try flow(1)
        let run = try program.json("run", "start", "long", "--input", #"{"n":1}"#)["run"]?.string
        let id = try #require(run)
        let live = try program.run("release", "remove", first)
        #expect(live.code == 1)
        #expect(live.errors.contains("It is live"))
        _ = try flow(2)
        _ = try flow(3)
        let used = try program.run("release", "remove", first)
        #expect(used.code == 1)
        #expect(used.errors.contains("1 live run finishes on it: long \(id)"))
        #expect(try program.run("run", "cancel", id).code == 0)
        let removal = try program.json("release", "remove", String(first.prefix(12)), "--as", "ada")
        #expect(removal["release"]?.string == first)
        #expect(removal["person"] == "ada")
        #expect(try program.run("release", "remove", first).code == 1)
        let shown = try program.run("run", "show", id)
        #expect(shown.code == 0)
        #expect(shown.output.contains("was removed by ada"))
        #expect(try program.json("run", "show", id)["state"] == "cancelled")
        let restart = try program.run("run", "restart", id, "a")
        #expect(restart.code == 1)
        #expect(restart.errors.contains("was removed by ada"))
        let releases = try program.json("releases")["releases"]?.array ?? []
        #expect(releases.count == 2)
    }
}
