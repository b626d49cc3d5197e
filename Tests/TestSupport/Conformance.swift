internal import Foundation
package import Values

/// The public conformance cases, where they are at hand: `STEPGATE_CONFORMANCE`, or a folder
/// beside the repository.
package enum Conformance {
    package static let folder: String? = {
        let named = ProcessInfo.processInfo.environment["STEPGATE_CONFORMANCE"]
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let beside = here.appending(path: "../../../shared/conformance").standardized.path
        return [named, beside].compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0)
        }
    }()

    package static var isHere: Bool { folder != nil }

    /// The JSON of one file.
    package static func json(_ path: String) throws -> JSON {
        let url = URL(filePath: (folder ?? "") + "/" + path)
        return try JSON.read([UInt8](Data(contentsOf: url)))
    }
}
