import Models
import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import Engine

/// A step that a person ends with an output of their own.
struct RunSkipTests {
    private static let flow = """
        flow: many
        steps:
          - {id: ask, decide: refund, with: {amount: 5}}
          - {id: form, review: {queue: q, output: {note: string}}}
          - {id: call, http: {method: GET, url: "https://x.example/", response: {note: string}}}
          - {id: pick, work: {kind: pick, output: {note: string}}}
          - {id: back, wait: {callback: {output: {note: string}}}}
        """

    private static let fitting: [JSON] = [
        ["action": "refund"], ["note": "a"], ["status": 200, "body": ["note": "a"]],
        ["note": "a"], ["note": "a"],
    ]

    private static let misfits: [(JSON, at: String)] = [
        (["action": "give"], "/action"), (["note": 1], "/note"),
        (["status": 200, "body": ["note": 1]], "/note"), (["note": 1], "/note"),
        (["note": 1], "/note"),
    ]

    @Test func `whatever a step does, an output that does not fit it is refused with the place`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await RunWorld(time, flows: ["many": Self.flow])
            let id = try await world.start("many")
            for (step, misfit) in Self.misfits.enumerated() {
                let before = try #require(try await world.store.run(id))
                #expect(before.active[step] != nil, "step \(step)")
                for output in [misfit.0, "x"] {
                    let error = await #expect(throws: EngineError.self) {
                        try await world.desk.act(.skip(step: step, output: output), on: id, by: "a")
                    }
                    #expect(error?.code == .invalid, "step \(step)")
                    if output != "x" { #expect(error?.message.contains(misfit.at) == true) }
                }
                #expect(try await world.store.run(id) == before)
                let output = Self.fitting[step]
                let skip = RunAct.skip(step: step, output: output)
                let after = try await world.desk.act(skip, on: id, by: "a")
                #expect(after.ended[step]?.output == .inline(output))
            }
            #expect(try await world.store.run(id)?.state == .completed)
        }
    }

    @Test func `a step is skipped without any output, too`() async throws {
        try await VirtualTime.run { time in
            let world = try await RunWorld(time, flows: ["many": Self.flow])
            let id = try await world.start("many")
            let run = try await world.desk.act(.skip(step: 0, output: nil), on: id, by: "a")
            #expect(run.ended[0]?.state == .skipped)
        }
    }
}
