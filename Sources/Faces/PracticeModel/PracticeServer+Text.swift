internal import Values

extension PracticeServer {
    /// What is to be judged: of the last user message, what stands between `<message>` and
    /// `</message>`, or all of it.
    ///
    /// The last `</message>` closes, so that a customer who writes one hides nothing behind it.
    static func message(of messages: [JSON]) -> String {
        let last = messages.last { $0["role"] == "user" } ?? messages.last
        return message(in: text(of: last?["content"] ?? ""))
    }

    static func message(in text: String) -> String {
        let bytes = Array(text.utf8)
        guard let open = bytes.firstRange(of: Array("<message>".utf8)),
            let close = bytes.lastStart(of: Array("</message>".utf8)), close >= open.upperBound
        else { return text }
        return String(decoding: bytes[open.upperBound..<close], as: UTF8.self)
    }

    private static func text(of content: JSON) -> String {
        if let text = content.string { return text }
        return (content.array ?? []).compactMap { $0["text"]?.string }.joined(separator: "\n")
    }
}

extension [UInt8] {
    fileprivate func firstRange(of part: [UInt8]) -> Range<Int>? {
        starts(of: part).first { self[$0...].starts(with: part) }.map { $0..<$0 + part.count }
    }

    fileprivate func lastStart(of part: [UInt8]) -> Int? {
        starts(of: part).last { self[$0...].starts(with: part) }
    }

    private func starts(of part: [UInt8]) -> Range<Int> {
        0..<Swift.max(0, count - part.count + 1)
    }
}
