import Foundation
import Models
import Prompts
import TestSupport
import Testing
import Values

struct AttachmentTests {
    private struct Files: AttachmentSource {
        let files: [String: [UInt8]]

        func load(
            _ name: String,
            in folder: String,
            limit: Int
        ) async throws(AttachmentError) -> [UInt8] {
            guard let bytes = files[folder + "/" + name] else {
                throw AttachmentError("there is no file '\(name)' in \(folder)")
            }
            guard bytes.count <= limit else { throw AttachmentError("'\(name)' is too large") }
            return bytes
        }
    }

    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2]

    private func reader(
        _ files: [String: [UInt8]],
        folder: String? = "Pictures"
    ) -> AttachmentReader {
        AttachmentReader(
            folder: folder,
            source: Files(
                files: Dictionary(uniqueKeysWithValues: files.map { ("Pictures/" + $0, $1) })
            )
        )
    }

    private func message(_ urls: String...) -> [Message] {
        let media = urls.map { Message.Part.media(url: $0, contentType: nil) }
        return [Message(role: .user, content: [.text("See")] + media)]
    }

    private func failure(_ reader: AttachmentReader, _ messages: [Message]) async -> String {
        do throws(AttachmentError) {
            _ = try await reader.resolved(messages)
            return "it was taken"
        } catch {
            return error.message
        }
    }

    @Test func `a picture goes as its own bytes, and is named by its digest`() async throws {
        let (messages, attached) = try await reader(["a.png": Self.png])
            .resolved(message("file:a.png"))
        #expect(
            messages[0].content.last
                == .media(
                    url: "data:image/png;base64," + Data(Self.png).base64EncodedString(),
                    contentType: "image/png"
                )
        )
        #expect(attached.map(\.type) == ["image/png"])
        #expect(attached.map(\.digest) == [Digest(of: Self.png)])
    }

    @Test func `a text goes as text, and addresses are left to the server`() async throws {
        let (messages, attached) = try await reader(["note.txt": Array("It broke.".utf8)])
            .resolved(message("file:note.txt", "https://h/p.png", "data:image/png;base64,AA=="))
        #expect(
            messages[0].content == [
                .text("See"), .text("It broke."),
                .media(url: "https://h/p.png", contentType: nil),
                .media(url: "data:image/png;base64,AA==", contentType: nil),
            ]
        )
        #expect(attached.map(\.type) == ["text/plain"])
    }

    @Test func `messages without files are left alone, and no folder is needed`() async throws {
        let plain = [Message(role: .user, content: [.text("Hello")])]
        let (messages, attached) = try await reader([:], folder: nil).resolved(plain)
        #expect(messages == plain)
        #expect(attached.isEmpty)
    }

    @Test func `what cannot be sent is told by one sentence`() async throws {
        let files: [String: [UInt8]] = [
            "movie.bin": [0, 1, 2, 3],
            "long.txt": [UInt8](repeating: 0x61, count: Limits.textBytes + 1),
            "huge.png": Self.png + [UInt8](repeating: 0, count: Limits.imageBytes),
            "a.png": Self.png,
        ]
        let reader = reader(files)
        #expect(
            await failure(reader, message("file:movie.bin"))
                == "'movie.bin' is neither a PNG, JPEG, GIF or WebP picture nor a text in UTF-8"
        )
        #expect(await failure(reader, message("file:long.txt")).contains("at most 262144 are sent"))
        #expect(await failure(reader, message("file:huge.png")) == "'huge.png' is too large")
        #expect(await failure(reader, message("file:none.png")).contains("no file 'none.png'"))
        #expect(await failure(reader, message("ftp://h/x")).contains("is no reference"))
        #expect(await failure(reader, message("/etc/passwd")).contains("is no reference"))
        let wide =
            "data:image/png;base64," + String(repeating: "A", count: Limits.imageBytes * 3 / 2)
        #expect(await failure(reader, message(wide)).contains("larger than 5242880 bytes"))
        let many = [Message(role: .user, content: message("file:a.png")[0].content.suffix(1))]
        let seventeen = Array(repeating: many[0], count: Limits.attachments + 1)
        #expect(await failure(reader, seventeen) == "a request takes at most 16 files")
        #expect(
            await failure(self.reader(files, folder: nil), message("file:a.png"))
                .contains("attachments: {folder: …}")
        )
    }

    @Test(arguments: SeededGenerator.seeds)
    func `base64 is Foundation's`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...40, using: &generator)
        let bytes = Self.png + (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let (messages, _) = try await reader(["a.png": bytes]).resolved(message("file:a.png"))
        guard case .media(let url, _)? = messages[0].content.last else { return }
        #expect(url == "data:image/png;base64," + Data(bytes).base64EncodedString())
    }
}
