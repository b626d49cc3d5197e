import Flows
import Testing
import Values

struct WholeFlowTests {
    @Test func `the whole format is read`() throws {
        let flow = try Fixture.flow(WholeFlow.text)
        #expect(flow.steps.count > 10)
    }
}

enum WholeFlow {
    static let text = """
        title: Refund request
        owner: support-ops
        stages: [received, triage, approval, payout, closed]
        input: {message: string, amount: number, tier(enum): [new, gold], lines(array): {sku: string, count: integer}}
        fields: {amount: number, vendor: string, tier(enum): [new, gold]}
        output: {paid: "${{ steps.pay.output.status }}", action: "${{ steps.triage.output.action }}"}
        on:
          - webhook: refunds
          - schedule: {cron: "0 9 * * 1-5", zone: UTC}
          - event: {type: com.example.refund.requested}
        concurrency: {key: input.message, limit: 1, then: queue}
        steps:
          - id: triage
            stage: triage
            decide: triage
            with: {message: "${{ input.message }}", amount: "${{ input.amount }}", tier: "${{ input.tier }}"}
          - id: approve
            stage: approval
            when: steps.triage.output.action == 'refund' && input.amount > 500
            review: {queue: finance, approvals: 2, due: 1d, because: "Large", show: "${{ input }}"}
            deadline: 2d
            on_failure: abort
          - id: pay
            stage: payout
            http:
              method: POST
              url: "${{ vars.payments }}/refunds"
              headers: {Authorization: "Bearer ${env:PAY_TOKEN}", X-Run: "${{ run.id }}"}
              body: {id: "${{ run.id }}", amount: "${{ input.amount }}"}
              response: {id: string}
              expects: [201, 409]
            retry: {attempts: 5, backoff: 1s..5m, on: [timeout, 429, 5xx]}
            timeout: 20s
            on_failure: pause
            undo: {http: {method: DELETE, url: "${{ vars.payments }}/refunds/${{ steps.pay.output.body.id }}"}}
          - id: note
            set: {vendor: "v-${{ steps.pay.output.body.id }}", when: "${{ now }}", n: 3}
          - id: called
            wait: {callback: {output: {ok: boolean}}}
            deadline: 1d
          - id: shipped
            wait: {event: {type: com.example.shipped, match: event.data.id == steps.pay.output.body.id}}
          - id: until
            wait: {until: "${{ now + duration('1h') }}"}
          - id: fixed
            wait: {until: 2027-01-31T09:00:00Z}
          - id: nap
            sleep: 5m
          - id: longer_nap
            sleep: "${{ input.amount > 5 ? duration('1h') : duration('2h') }}"
          - id: packed
            work: {kind: pack, output: {boxes: integer}}
            with: {lines: "${{ input.lines }}"}
            on_failure:
              do:
                - id: told
                  set: {why: "${{ steps.packed.error.message }}"}
          - id: both
            parallel:
              left:
                - id: a
                  set: {x: 1}
              right:
                - id: b
                  set: {y: two}
          - id: rows
            each:
              in: input.lines
              as: line
              limit: 4
              do:
                - id: row
                  work: {kind: row, output: {done: boolean}}
                  with: {sku: "${{ line.sku }}", place: "${{ line_index }}", x: "${{ steps.a.output.x }}"}
          - id: chosen
            switch:
              - when: size(steps.rows.output) > 3
                do: [{id: many, stage: closed, set: {m: true}}]
              - else: [{id: few, set: {m: false}}]
          - id: last
            set:
              all: "${{ steps.rows.output.all(r, r.done) }}"
              m: "${{ steps.chosen.output.m }}"
              maybe: "${{ steps.many.?output.m.orValue(false) }}"
              boxes: "${{ has(steps.packed.output) ? steps.packed.output.boxes : 0 }}"
        """
}
