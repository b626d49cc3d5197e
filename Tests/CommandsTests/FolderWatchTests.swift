import Foundation
import Platform
import Testing

@testable import Commands

struct FolderWatchTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "stepgate-\(UUID().uuidString)").path

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/Policies",
            withIntermediateDirectories: true
        )
        try write("stepgate.yaml", "models: {}")
    }

    private func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder + "/" + path))
    }

    @Test func `a folder is read once it kept still for one look, and once a change`() throws {
        let first = try WorkspaceFolder.stamps(folder)
        var stillness = FolderStillness()
        /// What looks that find these say, one after the other.
        func looks(_ found: [[String: FileStamp]]) -> [Bool] { found.map { stillness.looked($0) } }
        #expect(looks([first, first, first]) == [false, true, false])
        try write("Policies/refund.yaml", "policy: refund")
        let second = try WorkspaceFolder.stamps(folder)
        #expect(second != first)
        try write("Policies/refund.yaml", "policy: refunds")
        let third = try WorkspaceFolder.stamps(folder)
        // Half of a save: it moved between two looks.
        #expect(looks([second, third, third]) == [false, false, true])
        stillness.failed()
        #expect(looks([third, third]) == [true, false])
    }

    @Test func `files that no workspace can refer to do not count`() throws {
        let before = try WorkspaceFolder.stamps(folder)
        try write("Policies/notes.txt", "x")
        try write("Policies/.refund.yaml.swp", "x")
        #expect(try WorkspaceFolder.stamps(folder) == before)
    }
}
