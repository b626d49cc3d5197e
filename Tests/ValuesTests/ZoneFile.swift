/// A TZif file to be, made by hand as RFC 9636 says.
struct ZoneFile {
    var offsets: [Int32]
    var changes: [(second: Int64, kind: UInt8)] = []
    var footer = ""
    var leapSeconds: UInt32 = 0

    func bytes(version: Int) -> [UInt8] {
        if version == 1 { return block(version: version, timeBytes: 4) }
        // What other readers see first differs, so that taking it shows.
        let decoy = ZoneFile(offsets: [-1, -2], changes: [(5, 1)])
        return decoy.block(version: version, timeBytes: 4)
            + block(version: version, timeBytes: 8) + Array("\n\(footer)\n".utf8)
    }

    private func block(version: Int, timeBytes: Int) -> [UInt8] {
        let mark = version == 1 ? [0] : Array(String(version).utf8)
        var bytes = Array("TZif".utf8) + mark + [UInt8](repeating: 0, count: 15)
        let counts = [0, 0, leapSeconds, UInt32(changes.count), UInt32(offsets.count), 4]
        for count in counts { bytes += Self.bytes(of: Int64(count), 4) }
        for change in changes { bytes += Self.bytes(of: change.second, timeBytes) }
        bytes += changes.map(\.kind)
        for offset in offsets { bytes += Self.bytes(of: Int64(offset), 4) + [0, 0] }
        bytes += Array("LMT\u{0}".utf8)
        bytes += [UInt8](repeating: 0, count: Int(leapSeconds) * (timeBytes + 4))
        return bytes
    }

    private static func bytes(of value: Int64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
