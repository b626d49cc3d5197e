/// Timestamps and durations written as messages: `google.protobuf.Duration{seconds: 5, nanos: 3}`.
enum Moments {
    static let fields = ["seconds", "nanos"]

    /// The type of the message, when it is one of the two.
    static func type(_ name: String) -> ExpressionType? {
        switch name {
        case "google.protobuf.Timestamp": .timestamp
        case "google.protobuf.Duration": .duration
        default: nil
        }
    }

    /// Makes the message of its two fields.
    static func function(_ type: ExpressionType) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            let seconds = try arguments.int(0, "seconds")
            let nanoseconds = try arguments.int(1, "nanos")
            guard nanoseconds.magnitude < 1_000_000_000 else { throw outOfRange }
            if type == .timestamp {
                guard nanoseconds >= 0,
                    let moment = Timestamp(seconds: seconds, nanoseconds: Int32(nanoseconds))
                else { throw outOfRange }
                return .timestamp(moment)
            }
            guard let span = Span(seconds: seconds, nanoseconds: nanoseconds) else {
                throw outOfRange
            }
            return .duration(span)
        }
    }

    private static let outOfRange = EvaluationError(
        .outOfRange,
        "the time is beyond what can be written"
    )
}
