import CAllocations
import Telemetry
import Testing

/// What is counted, and how it is exposed.
struct RegistryTests {
    private let metrics = MetricRegistry(limit: 3)

    private func lines(_ name: String, with found: [FoundValue] = []) -> [String] {
        String(decoding: metrics.exposition(with: found), as: UTF8.self)
            .split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test func `a counter is exposed with its help, its type and its labels in order`() {
        metrics.add(.decisions, Labels("refund", "rules", "decided"))
        metrics.add(.decisions, Labels("refund", "rules", "decided"), 2)
        metrics.add(.decisions, Labels("a", "none", "asking"))
        #expect(
            lines("stepgate_decisions_total") == [
                "# HELP stepgate_decisions_total Decisions that reached a state, once their commit "
                    + "was durable",
                "# TYPE stepgate_decisions_total counter",
                #"stepgate_decisions_total{policy="a",route="none",state="asking"} 1"#,
                #"stepgate_decisions_total{policy="refund",route="rules",state="decided"} 3"#,
            ]
        )
    }

    @Test func `a histogram counts in each bucket all up to its bound`() {
        metrics.observe(.commitChanges, Labels(), 1)
        metrics.observe(.commitChanges, Labels(), 5, count: 2)
        metrics.observe(.commitChanges, Labels(), 1_000_000)
        #expect(
            lines("stepgate_commit_changes").dropFirst(2) == [
                #"stepgate_commit_changes_bucket{le="1"} 1"#,
                #"stepgate_commit_changes_bucket{le="4"} 1"#,
                #"stepgate_commit_changes_bucket{le="16"} 3"#,
                #"stepgate_commit_changes_bucket{le="64"} 3"#,
                #"stepgate_commit_changes_bucket{le="256"} 3"#,
                #"stepgate_commit_changes_bucket{le="1024"} 3"#,
                #"stepgate_commit_changes_bucket{le="4096"} 3"#,
                #"stepgate_commit_changes_bucket{le="+Inf"} 4"#,
                "stepgate_commit_changes_sum 1000011", "stepgate_commit_changes_count 4",
            ]
        )
    }

    @Test func `times are in seconds, and a labelled histogram keeps its labels`() {
        metrics.observe(.requestSeconds, Labels("/a", "GET"), time: .milliseconds(3))
        let page = lines("stepgate_http_request_seconds")
        let label = #"route="/a",method="GET""#
        #expect(page.contains("stepgate_http_request_seconds_bucket{\(label),le=\"0.0025\"} 0"))
        #expect(page.contains("stepgate_http_request_seconds_bucket{\(label),le=\"0.005\"} 1"))
        #expect(page.contains("stepgate_http_request_seconds_sum{\(label)} 0.003"))
    }

    @Test func `what is in a label cannot end it`() {
        metrics.add(.rateLimited, Labels("a\"b\\c\nd"))
        #expect(lines("rate_limited").last == #"stepgate_rate_limited_total{limit="a\"b\\c\nd"} 1"#)
    }

    @Test func `beyond the limit of series the rest is counted as other, and that is counted`() {
        for number in 0..<10 { metrics.add(.modelCalls, Labels("m\(number)", "answered")) }
        metrics.add(.modelCalls, Labels("m0", "answered"))
        #expect(metrics.value(.modelCalls, Labels("m0", "answered")) == 2)
        #expect(metrics.value(.modelCalls, Labels("m3", "answered")) == nil)
        #expect(
            lines("stepgate_model_calls_total{").contains(
                #"stepgate_model_calls_total{model="other",result="other"} 7"#
            )
        )
        #expect(lines("stepgate_model_calls_total{").count == 4)
        let collapsed = metrics.value(.seriesCollapsed, Labels("stepgate_model_calls_total"))
        #expect(collapsed == 7)
    }

    @Test func `what has no labels is there from the start, and what is found only when found`() {
        #expect(lines("stepgate_log_lines_dropped_total").last?.hasSuffix(" 0") == true)
        #expect(lines("stepgate_log_entries").count == 2)
        #expect(
            lines("stepgate_queue_age", with: [FoundValue(.queueAge, Labels("q"), 1.5)]).last
                == #"stepgate_queue_age_seconds{queue="q"} 1.5"#
        )
    }

    @Test func `counting what is known takes nothing from the heap`() {
        let labels = Labels("a policy with a name of many characters", "rules", "decided")
        metrics.add(.decisions, labels)
        metrics.observe(.commitSeconds, time: .milliseconds(1))
        let before = stepgate_allocations()
        for _ in 0..<1_000 {
            metrics.add(.decisions, labels)
            metrics.observe(.commitSeconds, time: .milliseconds(1))
        }
        let taken = stepgate_allocations() - before
        #expect(taken == 0, "\(taken) allocations in 2,000 observations")
        #expect(metrics.value(.decisions, labels) == 1_001)
    }

    @Test func `nothing is lost when many count at once`() async {
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask { [metrics] in
                    for _ in 0..<500 {
                        metrics.add(.requests, Labels("r\(task % 2)", "GET", "2xx"))
                    }
                }
            }
        }
        #expect(metrics.value(.requests, Labels("r0", "GET", "2xx")) == 2_000)
        #expect(metrics.value(.requests, Labels("r1", "GET", "2xx")) == 2_000)
    }
}
