internal import CLoad
internal import Glibc
internal import Platform
internal import Values

/// A program that runs beside the benchmark until it is ended or let go of.
final class Child {
    let process: Int32
    private let input: Int32
    private let output: Int32
    private let errors: String
    private var isEnded = false

    /// Starts the program at a path; what it says on standard error is appended to a file.
    init(_ arguments: [String], errors: String) throws {
        var input: Int32 = -1
        var output: Int32 = -1
        let copies = unsafe arguments.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        var pointers = unsafe copies.map { unsafe UnsafePointer($0) }
        unsafe pointers.append(nil)
        process = unsafe stepgate_child_start(&pointers, errors, &input, &output)
        guard process > 0 else { throw InvalidRun("cannot start \(arguments[0])") }
        (self.input, self.output, self.errors) = (input, output, errors)
    }

    deinit { end() }

    /// What it says on standard output up to that text; throws when it ends before.
    func said(upTo end: String) throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !String(decoding: bytes, as: UTF8.self).hasSuffix(end) {
            guard unsafe read(output, &byte, 1) == 1 else {
                let told = String(decoding: try Folder.read(errors, limit: 1 << 20), as: UTF8.self)
                throw InvalidRun("a server ended at once: \(told)")
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// All that it says until it ends by itself.
    func saidToTheEnd() throws -> String {
        var said: [UInt8] = []
        var some = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(output, &some, some.count)
            guard count > 0 else { break }
            said += some[..<count]
        }
        end()
        return String(decoding: said, as: UTF8.self)
    }

    /// The port in the address it says it listens on.
    func port() throws -> UInt16 {
        let line = try said(upTo: "\n")
        let after = line.split(separator: "127.0.0.1:", omittingEmptySubsequences: false).last ?? ""
        guard let port = UInt16(after.prefix { $0.isNumber }) else {
            throw InvalidRun("a server said no port but: \(line)")
        }
        return port
    }

    /// Asks it to end and waits until it has.
    func end() {
        if isEnded { return }
        isEnded = true
        stepgate_child_end(process, input, output)
    }

    /// Megabytes of memory: what it has now, and the most it had.
    func memory() throws -> (now: Double, most: Double) {
        (try status("VmRSS:") / 1_024, try status("VmHWM:") / 1_024)
    }

    func threads() throws -> Int { Int(try status("Threads:")) }

    /// A number that the system tells of it.
    private func status(_ name: String) throws -> Double {
        let status = String(
            decoding: try Folder.read("/proc/\(process)/status", limit: 1 << 16),
            as: UTF8.self
        )
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return Double(line.filter(\.isNumber)) ?? 0
    }

    /// Seconds of a processor it has used so far.
    func processorSeconds() throws -> Double {
        let text = String(
            decoding: try Folder.read("/proc/\(process)/stat", limit: 1 << 16),
            as: UTF8.self
        )
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { throw InvalidRun("/proc/\(process)/stat cannot be read") }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// A folder of its own for one benchmark, removed with it.
final class Scratch {
    let path: String

    init() throws {
        path =
            (Process.environment("TMPDIR") ?? "/tmp") + "/stepgate-bench-"
            + Process.randomBytes(4).hex
        try Folder.make(path)
    }

    deinit { unsafe stepgate_folder_remove(path) }
}
