import Foundation
import TestSupport
import Testing

/// Why a server's store takes nothing for a while.
enum Pressure: CaseIterable, CustomTestStringConvertible {
    /// The file system it is on is full.
    case fullDisk
    /// Its files may grow no more.
    case fullQuota
    /// Another process holds it for longer than writes wait.
    case locked

    static let mount = "/usr/bin/mount"

    var testDescription: String {
        switch self {
        case .fullDisk: "a full disk"
        case .fullQuota: "a full quota"
        case .locked: "a locked store"
        }
    }

    /// Those that this machine lets a test bring about.
    static let here = allCases.filter { pressure in
        switch pressure {
        case .fullDisk: SmallDisk.isHere
        case .fullQuota: true
        case .locked: StoreHolder.isHere
        }
    }

    static func call(_ program: String, _ arguments: String...) throws -> Int32 {
        let tool = Process()
        tool.executableURL = URL(filePath: program)
        tool.arguments = arguments
        tool.standardError = FileHandle.nullDevice
        tool.standardOutput = FileHandle.nullDevice
        try tool.run()
        tool.waitUntilExit()
        return tool.terminationStatus
    }
}

/// A small file system, mounted where a program's store is.
final class SmallDisk {
    /// Whether this machine lets a test mount one: as root, and not in every container.
    static let isHere: Bool = {
        guard let disk = try? SmallDisk(FileManager.default.temporaryDirectory.path + "/\(UUID())")
        else { return false }
        return disk.isMounted
    }()

    private let path: String
    private let isMounted: Bool
    private var filler: String { path + "/filler" }

    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        isMounted =
            try Pressure.call(
                Pressure.mount,
                "-t",
                "tmpfs",
                "-o",
                "size=8m",
                "stepgate",
                path
            ) == 0
    }

    deinit {
        // What is left mounted goes with the machine.
        if isMounted { _ = try? Pressure.call("/usr/bin/umount", "-l", path) }
    }

    /// Writes until nothing more fits.
    func fill() throws {
        let code = try Pressure.call("/usr/bin/dd", "if=/dev/zero", "of=\(filler)", "bs=65536")
        try #require(code != 0)
    }

    func empty() throws { try FileManager.default.removeItem(atPath: filler) }
}

/// A pressure on a server that is at work, until it is let go of.
final class Pressing {
    private let pressure: Pressure
    private let process: Process
    private let disk: SmallDisk?
    private let holder: StoreHolder?

    init(_ pressure: Pressure, _ process: Process, _ disk: SmallDisk?, store: String) throws {
        (self.pressure, self.process, self.disk) = (pressure, process, disk)
        switch pressure {
        case .fullDisk:
            try disk?.fill()
            holder = nil
        case .fullQuota:
            holder = nil
            try bound("4096:unlimited")
        case .locked: holder = try StoreHolder(store)
        }
    }

    func end() throws {
        switch pressure {
        case .fullDisk: try disk?.empty()
        case .fullQuota: try bound("unlimited:unlimited")
        case .locked: holder?.release()
        }
    }

    private func bound(_ size: String) throws {
        let id = "\(process.processIdentifier)"
        try #require(try Pressure.call("/usr/bin/prlimit", "--pid", id, "--fsize=\(size)") == 0)
    }
}
