package import Values

extension Payload {
    /// A value as a run keeps it, and its canonical bytes where they are kept apart.
    ///
    /// `total` is what the run's row holds already: a full row keeps small values apart too, so that
    /// it stays within `Limits.runBytes`.
    package static func keeping(
        _ value: JSON,
        beside total: Int
    ) -> Result<(payload: Payload, bytes: [UInt8]), StepFailure> {
        let bytes = value.canonicalBytes
        guard bytes.count <= Limits.outputBytes else {
            return .failure(
                StepFailure(
                    "limit",
                    "an output of \(bytes.count) bytes is more than \(Limits.outputBytes)"
                )
            )
        }
        let room = total + bytes.count <= Limits.runBytes ? Limits.inlineBytes : Limits.fullBytes
        guard bytes.count > room else { return .success((.inline(value), [])) }
        let payload = Payload.resource(Digest(of: bytes), bytes: bytes.count)
        return .success((payload, bytes))
    }

    /// Bytes it takes in a run's row, about.
    var inlineBytes: Int {
        switch self {
        case .inline(.null), .inline(.bool): 8
        case .inline(let value): value.compactBytes
        case .resource: 100
        }
    }
}

extension Run {
    /// Bytes of the outputs that the run's row holds, about.
    package var inlineBytes: Int {
        ended.values.reduce(items.reduce(0) { $0 + $1.value.inlineBytes }) {
            $0 + ($1.output?.inlineBytes ?? 0)
        }
    }
}

extension JSON {
    /// Bytes of the compact text.
    fileprivate var compactBytes: Int {
        var bytes: [UInt8] = []
        appendCompact(to: &bytes)
        return bytes.count
    }
}

extension StepFailure {
    /// What expressions and answers show of it.
    package var json: JSON {
        var members: [JSONObject.Member] = [
            .init("kind", .string(kind)), .init("message", .string(message)),
        ]
        if let status { members.append(.init("status", .int(Int64(status)))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}
