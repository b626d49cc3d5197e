package import Prompts
package import Values

/// Where the files are that inputs refer to as `file:NAME`.
package protocol AttachmentSource: Sendable {
    /// The bytes of a file inside a folder of the workspace, at most so many; throws with a sentence
    /// for a person when there is none, or it is not inside, or it is larger.
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8]
}

/// Why an attachment cannot be sent; one sentence.
package struct AttachmentError: Error, Sendable, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

/// One file that went with a request, as the log names it.
package struct Attachment: Sendable, Equatable {
    /// As the input refers to it.
    package let reference: String
    package let type: String
    package let bytes: Int
    package let digest: Digest
}

/// Puts the files that messages refer to in their place: pictures as `data:` URLs, texts as text.
///
/// `https:` and `http:` addresses are left to the server, which fetches them itself.
package struct AttachmentReader: Sendable {
    /// Below the workspace; nothing where inputs may refer to no files.
    private let folder: String?
    private let source: any AttachmentSource

    package init(folder: String?, source: any AttachmentSource) {
        self.folder = folder
        self.source = source
    }

    /// The messages with every reference resolved, and what was attached.
    package func resolved(
        _ messages: [Message]
    ) async throws(AttachmentError) -> (messages: [Message], attached: [Attachment]) {
        guard messages.contains(where: \.hasMedia) else { return (messages, []) }
        var attached: [Attachment] = []
        var count = 0
        var resolved: [Message] = []
        for message in messages {
            var parts: [Message.Part] = []
            for part in message.content {
                guard case .media(let url, let type) = part else {
                    parts.append(part)
                    continue
                }
                count += 1
                if count > Limits.attachments {
                    throw AttachmentError("a request takes at most \(Limits.attachments) files")
                }
                parts.append(try await media(url, type, &attached))
            }
            resolved.append(Message(role: message.role, content: parts))
        }
        return (resolved, attached)
    }

    private func media(
        _ url: String,
        _ type: String?,
        _ attached: inout [Attachment]
    ) async throws(AttachmentError) -> Message.Part {
        let lowered = url.prefix(8).lowercased()
        if lowered.hasPrefix("https://") || lowered.hasPrefix("http://") {
            return .media(url: url, contentType: type)
        }
        if lowered.hasPrefix("data:") {
            guard url.utf8.count * 3 / 4 <= Limits.imageBytes else {
                throw AttachmentError(
                    "a picture is larger than \(Limits.imageBytes) bytes: send a smaller one"
                )
            }
            return .media(url: url, contentType: type)
        }
        guard lowered.hasPrefix("file:") else {
            throw AttachmentError(
                "'\(excerpt(url))' is no reference: write https://…, data:… or file:NAME"
            )
        }
        return try await file(String(url.dropFirst("file:".count)), type, &attached)
    }

    private func file(
        _ name: String,
        _ stated: String?,
        _ attached: inout [Attachment]
    ) async throws(AttachmentError) -> Message.Part {
        guard let folder else {
            throw AttachmentError(
                "the input refers to the file '\(excerpt(name))', and stepgate.yaml has no "
                    + "'attachments: {folder: …}'"
            )
        }
        let bytes = try await source.load(name, in: folder, limit: Limits.imageBytes)
        guard let type = MediaType(of: bytes, stated: stated) else {
            throw AttachmentError(
                "'\(excerpt(name))' is neither a PNG, JPEG, GIF or WebP picture nor a text in UTF-8"
            )
        }
        attached.append(
            Attachment(
                reference: "file:" + name,
                type: type.rawValue,
                bytes: bytes.count,
                digest: Digest(of: bytes)
            )
        )
        guard type == .text else {
            return .media(
                url: "data:\(type.rawValue);base64,\(bytes.base64)",
                contentType: type.rawValue
            )
        }
        guard bytes.count <= Limits.textBytes else {
            throw AttachmentError(
                "'\(excerpt(name))' is a text of \(bytes.count) bytes; at most \(Limits.textBytes) "
                    + "are sent"
            )
        }
        return .text(String(decoding: bytes, as: UTF8.self))
    }
}

/// What a file is, by its first bytes; never by its name.
enum MediaType: String, Sendable, CaseIterable {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webp = "image/webp"
    case text = "text/plain"

    /// Nothing for what is none of these, or is not what was stated.
    init?(of bytes: [UInt8], stated: String?) {
        let found = Self.allCases.first { $0.begins(bytes) }
        guard let found else { return nil }
        if let stated, stated != found.rawValue, !(found == .text && stated.hasPrefix("text/")) {
            return nil
        }
        self = found
    }

    private func begins(_ bytes: [UInt8]) -> Bool {
        switch self {
        case .png: bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        case .jpeg: bytes.starts(with: [0xFF, 0xD8, 0xFF])
        case .gif: bytes.starts(with: Array("GIF8".utf8))
        case .webp:
            bytes.starts(with: Array("RIFF".utf8))
                && bytes.dropFirst(8).starts(with: Array("WEBP".utf8))
        case .text: !bytes.contains(0) && firstInvalidUTF8(bytes) == nil
        }
    }
}

extension Message {
    /// Whether something other than text goes with it.
    var hasMedia: Bool {
        content.contains { if case .media = $0 { true } else { false } }
    }
}
