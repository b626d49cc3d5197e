@testable import Commands
import Foundation
import Models
import Testing
import Values

struct FolderAttachmentTests {
    private let base: String

    init() throws {
        base =
            FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: base + "/Pictures/inner",
            withIntermediateDirectories: true
        )
        try Data("inside".utf8).write(to: URL(filePath: base + "/Pictures/inner/a.txt"))
        try Data("outside".utf8).write(to: URL(filePath: base + "/secret.txt"))
        try FileManager.default.createSymbolicLink(
            atPath: base + "/Pictures/link.txt",
            withDestinationPath: base + "/secret.txt"
        )
    }

    private func load(_ name: String, limit: Int = 100) async throws(AttachmentError) -> String {
        let bytes = try await FolderAttachments(base: base)
            .load(name, in: "Pictures", limit: limit)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a file inside the folder is read`() async throws {
        #expect(try await load("inner/a.txt") == "inside")
    }

    @Test(arguments: [
        "../secret.txt", "inner/../../secret.txt", "link.txt", "/etc/hostname", "", "inner",
        "none.txt", "inner/a.txt\0.png",
    ])
    func `nothing outside the folder is there`(_ name: String) async {
        await #expect(throws: AttachmentError.self) { try await load(name) }
    }

    @Test func `a file beyond the limit is not read`() async {
        await #expect(throws: AttachmentError.self) { try await load("inner/a.txt", limit: 3) }
    }
}
