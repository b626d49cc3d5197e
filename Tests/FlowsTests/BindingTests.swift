import Expressions
import Flows
import Testing
import Values

/// One set of bindings serves every expression of a flow.
struct BindingTests {
    private let flow: Flow

    init() throws {
        flow = try Fixture.flow(
            """
            input: {tags(array): string, rows(array): {cells(array): integer}}
            steps:
              - {id: first, set: {n: 1}}
              - each: {in: input.tags, as: tag, do: [{id: a, set: {x: "${{ tag }}-${{ tag_index }}"}}]}
              - id: table
                each:
                  in: input.rows
                  as: row
                  do:
                    - each:
                        in: row.cells
                        as: cell
                        do: [{id: b, set: {x: "${{ cell + row_index + steps.first.output.n }}"}}]
              - each: {in: input.tags, as: tag, do: [{id: c, set: {x: "${{ tag }}"}}]}
            """
        )
    }

    private func value(of id: String, _ bindings: Bindings) throws -> JSON {
        let number = try #require(flow.number(of: id))
        guard case .set(let template) = flow.steps[number].work else { throw Unexpected() }
        return try template.value.render(bindings)
    }

    @Test func `the names of items have places of their own, and equal names share them`() throws {
        #expect(
            flow.environment.variables.variables.map(\.name) == [
                "input", "steps", "run", "lists", "vars", "now", "event", "tag", "tag_index",
                "row", "row_index", "cell", "cell_index",
            ]
        )
    }

    @Test func `every expression finds its values in the same bindings`() throws {
        var bindings = Bindings(flow.environment.variables)
        bindings.set("steps", json: ["first": ["state": "succeeded", "output": ["n": 1]]])
        bindings.set("tag", json: "t")
        bindings.set("tag_index", json: 4)
        #expect(try value(of: "a", bindings) == ["x": "t-4"])
        #expect(try value(of: "c", bindings) == ["x": "t"])
        bindings.set("row_index", json: 10)
        bindings.set("cell", json: 5)
        #expect(try value(of: "b", bindings) == ["x": 16])
    }

    @Test func `a block without an id has one that nobody can write`() throws {
        let made = flow.steps.filter { $0.id.contains("-") }.map(\.id)
        #expect(made == ["each-1", "each-4", "each-6"])
    }

    @Test func `the key of concurrency is worked out over the input alone`() throws {
        let flow = try Fixture.flow(
            "input: {id: string}\nconcurrency: {key: input.id, then: cancel_old}\n"
                + "steps: [{id: a, sleep: 1s}]"
        )
        var bindings = Bindings(flow.environment.variables)
        bindings.set("input", json: ["id": "C-1"])
        #expect(try flow.concurrency?.key.evaluate(bindings).json == "C-1")
        #expect(flow.concurrency?.then == .cancelOld)
    }
}
