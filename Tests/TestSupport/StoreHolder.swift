internal import Foundation

/// Another process that holds a store's write lock until it is let go of.
package final class StoreHolder {
    private static let python = "/usr/bin/python3"
    /// Whether there is a program here to hold it with.
    package static let isHere = FileManager.default.isExecutableFile(atPath: python)

    private let process = Process()
    private let input = Pipe()

    /// Takes the lock of the store at a path, and waits until it has it.
    package init(_ path: String) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: Self.python)
        process.arguments = [
            "-c",
            """
            import sqlite3, sys
            store = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
            store.execute('BEGIN IMMEDIATE')
            print('held', flush=True)
            sys.stdin.read()
            store.execute('ROLLBACK')
            """,
            path,
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let told = output.fileHandleForReading.availableData
        guard String(decoding: told, as: UTF8.self).hasPrefix("held") else {
            throw CocoaError(.fileLocking)
        }
    }

    deinit { release() }

    /// Lets go of it, and returns when it is free.
    package func release() {
        guard process.isRunning else { return }
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}
