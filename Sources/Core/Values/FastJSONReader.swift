internal import CJSON

/// The first reader of JSON: simdjson, for texts that are as they should be.
enum FastJSONReader {
    /// Nothing when the text is refused, for whatever reason: the positioned reader tells which.
    static func read(_ bytes: [UInt8], limits: JSONLimits) -> JSON? {
        guard bytes.count <= limits.bytes else { return nil }
        return unsafe bytes.withUnsafeBytes { buffer in
            var count = 0
            let events = unsafe stepgate_json_read(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                buffer.count,
                limits.depth,
                limits.values,
                &count
            )
            guard let events = unsafe events else { return nil }
            var cursor = unsafe Cursor(events: UnsafeBufferPointer(start: events, count: count))
            return unsafe cursor.value()
        }
    }

    @unsafe private struct Cursor {
        let events: UnsafeBufferPointer<stepgate_json_event>
        var index = 0

        mutating func value() -> JSON? {
            let event = unsafe events[index]
            unsafe index += 1
            switch unsafe stepgate_json_kind(event.kind) {
            case STEPGATE_JSON_NULL: return .null
            case STEPGATE_JSON_FALSE: return .bool(false)
            case STEPGATE_JSON_TRUE: return .bool(true)
            case STEPGATE_JSON_INT: return unsafe .int(event.as.integer)
            case STEPGATE_JSON_UINT: return unsafe .uint(event.as.natural)
            case STEPGATE_JSON_DOUBLE: return unsafe .double(event.as.number)
            case STEPGATE_JSON_STRING: return unsafe .string(text(event))
            case STEPGATE_JSON_ARRAY:
                var elements: [JSON] = []
                unsafe elements.reserveCapacity(Int(event.count))
                for _ in 0..<(unsafe event.count) {
                    guard let element = unsafe value() else { return nil }
                    elements.append(element)
                }
                return .array(elements)
            default:
                var members: [JSONObject.Member] = []
                unsafe members.reserveCapacity(Int(event.count))
                for _ in 0..<(unsafe event.count) {
                    let name = unsafe text(events[index])
                    unsafe index += 1
                    guard let member = unsafe value() else { return nil }
                    members.append(.init(name, member))
                }
                // A name twice is refused here, and told by the positioned reader.
                return JSONObject(members).map(JSON.object)
            }
        }

        private func text(_ event: stepgate_json_event) -> String {
            let bytes = unsafe UnsafeRawBufferPointer(start: event.as.text, count: Int(event.count))
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// Escapes a text as JSON strings are; for long texts with much in them to escape.
enum JSONEscape {
    static func escaped(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { source in
            let size = unsafe stepgate_json_escaped_size(source.baseAddress, source.count)
            return unsafe [UInt8](unsafeUninitializedCapacity: size) { out, count in
                count = unsafe stepgate_json_escape(
                    source.baseAddress,
                    source.count,
                    out.baseAddress
                )
            }
        }
    }
}
