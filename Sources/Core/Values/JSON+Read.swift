/// The bounds of one JSON text.
package struct JSONLimits: Sendable {
    package var bytes: Int
    package var depth: Int
    package var values: Int

    package init(
        bytes: Int = Limits.jsonBytes,
        depth: Int = Limits.jsonDepth,
        values: Int = Limits.jsonValues
    ) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    package static let standard = JSONLimits()
}

extension JSON {
    /// Reads exactly one value; an error says where and what was expected.
    package static func read(
        _ bytes: [UInt8],
        limits: JSONLimits = .standard
    ) throws(JSONError) -> JSON {
        if let value = FastJSONReader.read(bytes, limits: limits) { return value }
        var reader = PositionedJSONReader(bytes, limits: limits)
        return try reader.read()
    }

    /// Reads the one value of a text.
    package static func read(_ text: String) throws(JSONError) -> JSON {
        try read(Array(text.utf8))
    }
}
