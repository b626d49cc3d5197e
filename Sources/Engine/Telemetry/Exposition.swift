internal import Values

/// Prometheus' text format, version 0.0.4, being written.
struct Exposition {
    private(set) var bytes: [UInt8] = []

    mutating func begin(_ metric: Metric.Definition) {
        text("# HELP \(metric.name) ")
        escaped(metric.help, quotes: false)
        text("\n# TYPE \(metric.name) \(metric.kind.word)\n")
    }

    mutating func write(_ metric: Metric.Definition, _ labels: Labels, _ value: Double) {
        sample(metric.name, metric.labels, labels, nil, value)
    }

    /// A histogram: each bucket counts all up to its bound.
    mutating func write(
        _ metric: Metric.Definition,
        _ labels: Labels,
        _ bounds: [Double],
        _ counts: [Int64],
        sum: Double
    ) {
        var total: Int64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? JSON.ecmaScript(bounds[index]) : "+Inf"
            sample(metric.name + "_bucket", metric.labels, labels, bound, Double(total))
        }
        sample(metric.name + "_sum", metric.labels, labels, nil, sum)
        sample(metric.name + "_count", metric.labels, labels, nil, Double(total))
    }

    private mutating func sample(
        _ name: String,
        _ names: [String],
        _ labels: Labels,
        _ bound: String?,
        _ value: Double
    ) {
        text(name)
        if !names.isEmpty || bound != nil {
            text("{")
            for (index, label) in names.enumerated() {
                text(index == 0 ? "\(label)=\"" : ",\(label)=\"")
                escaped(labels.value(index), quotes: true)
                text("\"")
            }
            if let bound { text(names.isEmpty ? "le=\"\(bound)\"" : ",le=\"\(bound)\"") }
            text("}")
        }
        text(" \(JSON.ecmaScript(value))\n")
    }

    private mutating func text(_ text: String) { bytes += text.utf8 }

    private mutating func escaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\"") where quotes: bytes += #"\""#.utf8
            default: bytes.append(byte)
            }
        }
    }
}
