/// Stands around text from outside so that a model can tell it from what the prompt says.
///
/// `{{fence message tag="message"}}` writes `<message>…</message>`. Inside, whatever could pass for
/// one of these two tags loses its bracket, so the text cannot end the fence and go on as if it
/// were the prompt. A fence helps a model; what holds is the policy's schema and checks.
struct Fence {
    private let tag: String

    /// A tag is a letter, then letters, digits, `-` and `_`; `data` where none is given.
    init(tag: String?) throws(PromptError) {
        let tag = tag ?? "data"
        let isTag =
            tag.utf8.count <= 64
            && tag.unicodeScalars.enumerated().allSatisfy { index, scalar in
                switch scalar {
                case "a"..."z", "A"..."Z": true
                case "0"..."9", "-", "_": index > 0
                default: false
                }
            }
        guard isTag, !tag.isEmpty else {
            throw PromptError(message: "'\(tag)' is no tag: write letters, as in tag=\"message\"")
        }
        self.tag = tag
    }

    func around(_ text: String) -> String { "<\(tag)>\(disarmed(text))</\(tag)>" }

    private func disarmed(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let name = Array(tag.lowercased().utf8)
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "<"), opens(name, bytes[(index + 1)...]) {
                clean += "&lt;".utf8
            } else {
                clean.append(byte)
            }
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// Whether the tag's name comes next, after blanks and slashes.
    private func opens(_ name: [UInt8], _ rest: ArraySlice<UInt8>) -> Bool {
        let after = rest.drop { $0 <= 0x20 || $0 == UInt8(ascii: "/") }
        guard after.count >= name.count else { return false }
        return zip(after, name).allSatisfy { byte, expected in
            (0x41...0x5A).contains(byte) ? byte + 0x20 == expected : byte == expected
        }
    }
}
