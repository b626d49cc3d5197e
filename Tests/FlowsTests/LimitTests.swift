import Flows
import Testing
import Values

/// Each bound of a flow, met and exceeded by one.
struct LimitTests {
    private func errors(_ rest: String) throws -> [String] {
        try Fixture.check(rest).diagnostics.filter { $0.severity == .error }.map(\.message)
    }

    private func list(_ count: Int, _ one: (Int) -> String) -> String {
        (0..<count).map(one).joined(separator: ", ")
    }

    private let step = "steps: [{id: a, sleep: 1s}]"

    @Test func steps() throws {
        func flow(_ count: Int) -> String {
            "steps:\n"
                + (0..<count).map { "  - {id: s\($0), set: {x: \(place($0))}}" }
                .joined(separator: "\n")
        }
        func place(_ number: Int) -> String {
            number == 0 ? "0" : "\"${{ steps.s\(number - 1).output.x }}\""
        }
        #expect(try errors(flow(Limits.steps)) == [])
        #expect(try errors(flow(Limits.steps + 1)) == ["a flow may have at most 500 steps"])
    }

    @Test func nesting() throws {
        func flow(_ depth: Int) -> String {
            var text = "[{id: last, sleep: 1s}]"
            for _ in 1..<depth { text = "[{parallel: {a: \(text)}}]" }
            return "steps: \(text)"
        }
        #expect(try errors(flow(Limits.nesting)) == [])
        #expect(
            try errors(flow(Limits.nesting + 1)) == [
                "steps may stand at most 16 deep inside each other"
            ]
        )
    }

    @Test func `stages, fields and triggers`() throws {
        func stages(_ count: Int) -> String { "stages: [\(list(count) { "s\($0)" })]\n" + step }
        #expect(try errors(stages(Limits.stages)) == [])
        #expect(try errors(stages(Limits.stages + 1)) == ["a flow may have at most 50 stages"])
        func fields(_ count: Int) -> String {
            "fields: {\(list(count) { "f\($0): string" })}\n" + step
        }
        #expect(try errors(fields(Limits.fields)) == [])
        #expect(try errors(fields(Limits.fields + 1)) == ["a flow may have at most 32 fields"])
        func triggers(_ count: Int) -> String {
            "on: [\(list(count) { "{webhook: w\($0)}" })]\n" + step
        }
        #expect(try errors(triggers(Limits.triggers)) == [])
        #expect(
            try errors(triggers(Limits.triggers + 1)) == ["a flow may have at most 32 triggers"]
        )
    }

    @Test func `branches and headers`() throws {
        func branches(_ count: Int) -> String {
            "steps: [{parallel: {\(list(count) { "b\($0): [{id: s\($0), sleep: 1s}]" })}}]"
        }
        #expect(try errors(branches(Limits.branches)) == [])
        #expect(
            try errors(branches(Limits.branches + 1)) == [
                "'parallel' may have at most 64 branches"
            ]
        )
        func choices(_ count: Int) -> String {
            let choices = list(count) { "{when: input.n == \($0), do: [{id: s\($0), sleep: 1s}]}" }
            return "input: {n: integer}\nsteps: [{switch: [\(choices)]}]"
        }
        #expect(try errors(choices(Limits.branches)) == [])
        #expect(
            try errors(choices(Limits.branches + 1)) == [
                "'switch' needs from 1 to 64 branches; got 65"
            ]
        )
        func headers(_ count: Int) -> String {
            "steps: [{id: a, http: {url: \"http://x\", headers: {\(list(count) { "h\($0): v" })}}}]"
        }
        #expect(try errors(headers(Limits.headers)) == [])
        #expect(
            try errors(headers(Limits.headers + 1)) == ["a call may have at most 64 headers"]
        )
    }

    @Test func `flows that start each other`() throws {
        func chain(_ count: Int) throws -> [String] {
            var flows: [String: String] = [:]
            for place in 0..<count {
                let step = place == count - 1 ? "sleep: 1s" : "flow: f\(place + 1)"
                flows["f\(place)"] = "flow: f\(place)\nsteps: [{id: a, \(step)}]"
            }
            return try Fixture.compile(flows).diagnostics.map(\.message)
        }
        #expect(try chain(Limits.subflows) == [])
        #expect(
            try chain(Limits.subflows + 1) == [
                "flows start each other more than 16 deep below 'f0'"
            ]
        )
    }

    @Test func flows() throws {
        func many(_ count: Int) throws -> [String] {
            let flows = (0..<count).map { ("f\($0)", "flow: f\($0)\n\(step)") }
            return try Fixture.compile(Dictionary(uniqueKeysWithValues: flows)).diagnostics
                .map(\.message)
        }
        #expect(try many(Limits.flows) == [])
        #expect(try many(Limits.flows + 1) == ["a workspace may have at most 1000 flows"])
    }
}
