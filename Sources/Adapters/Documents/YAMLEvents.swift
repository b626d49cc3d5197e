internal import CYAML
internal import Values

/// One event of libyaml's parser, its places as UTF-8 offsets.
struct YAMLEvent: Sendable {
    enum Kind: Sendable {
        case documentStart
        case documentEnd
        case streamEnd
        case scalar(text: String, style: Style)
        case sequenceStart
        case sequenceEnd
        case mappingStart(isFlow: Bool)
        case mappingEnd
        case alias(String)
    }

    enum Style: Sendable {
        case plain, single, double, block
    }

    let kind: Kind
    let range: Range<Int>
    let anchor: String?
    let tag: String?
}

/// Why libyaml gave up, and where.
struct YAMLSyntaxError: Error, Sendable {
    let problem: String
    let context: String?
    let offset: Int
}

/// Owns libyaml's parser over one text and turns its events into values.
@safe
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// The UTF-8 offset of each code point of the text: libyaml counts code points.
    private let offsets: [Int]

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var offsets: [Int] = []
        offsets.reserveCapacity(bytes.count + 1)
        for (offset, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            offsets.append(offset)
        }
        offsets.append(bytes.count)
        self.offsets = offsets
        unsafe input = .allocate(capacity: max(1, bytes.count))
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event that says anything.
    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure }
            let read = unsafe value(of: event)
            unsafe yaml_event_delete(&event)
            if let read { return read }
        }
    }

    private var failure: YAMLSyntaxError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        var index = unsafe Int(parser.pointee.problem_mark.index)
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            index = unsafe Int(parser.pointee.problem_offset)
        }
        return YAMLSyntaxError(
            problem: problem ?? "this is not YAML",
            context: context,
            offset: offset(index)
        )
    }

    private func offset(_ index: Int) -> Int { offsets[min(max(index, 0), offsets.count - 1)] }

    private func value(of event: yaml_event_t) -> YAMLEvent? {
        let start = unsafe offset(Int(event.start_mark.index))
        let range = unsafe start..<max(start, offset(Int(event.end_mark.index)))
        func made(
            _ kind: YAMLEvent.Kind,
            anchor: String? = nil,
            tag: String? = nil
        ) -> YAMLEvent {
            YAMLEvent(kind: kind, range: range, anchor: anchor, tag: tag)
        }
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: return made(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return made(.documentEnd)
        case YAML_STREAM_END_EVENT: return made(.streamEnd)
        case YAML_ALIAS_EVENT:
            return made(.alias(unsafe Self.text(event.data.alias.anchor) ?? ""))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            return made(
                .scalar(
                    text: unsafe String(
                        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                        as: UTF8.self
                    ),
                    style: unsafe Self.style(scalar.style)
                ),
                anchor: unsafe Self.text(scalar.anchor),
                tag: unsafe Self.text(scalar.tag)
            )
        case YAML_SEQUENCE_START_EVENT:
            let sequence = unsafe event.data.sequence_start
            return made(
                .sequenceStart,
                anchor: unsafe Self.text(sequence.anchor),
                tag: unsafe Self.text(sequence.tag)
            )
        case YAML_SEQUENCE_END_EVENT: return made(.sequenceEnd)
        case YAML_MAPPING_START_EVENT:
            let mapping = unsafe event.data.mapping_start
            return made(
                .mappingStart(isFlow: unsafe mapping.style == YAML_FLOW_MAPPING_STYLE),
                anchor: unsafe Self.text(mapping.anchor),
                tag: unsafe Self.text(mapping.tag)
            )
        case YAML_MAPPING_END_EVENT: return made(.mappingEnd)
        default: return nil
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLEvent.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .single
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .double
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
        default: .plain
        }
    }
}
