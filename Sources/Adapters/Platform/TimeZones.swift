package import Values

/// The time zones of this machine's database, by their IANA names.
package enum TimeZones {
    /// Where the database is: what `TZDIR` says, or where Debian puts it.
    package static var folder: String {
        guard let folder = Process.environment("TZDIR"), !folder.isEmpty else {
            return "/usr/share/zoneinfo"
        }
        return folder
    }

    /// The rules of a zone as its file in the database says.
    ///
    /// `UTC` needs no database.
    package static func rules(
        named name: String,
        in folder: String = folder
    ) throws(TimeZoneError) -> TimeZoneRules {
        guard isName(name) else {
            throw TimeZoneError(
                .invalidName,
                zone: name,
                message: "'\(name)' cannot be a time zone; write an IANA name like Europe/Berlin"
            )
        }
        if name == TimeZoneRules.utc.name { return .utc }
        return try TimeZoneRules(name: name, tzif: bytes(of: name, in: folder))
    }

    private static func bytes(
        of name: String,
        in folder: String
    ) throws(TimeZoneError) -> [UInt8] {
        do {
            return try Folder.read("\(folder)/\(name)", limit: Values.Limits.timeZoneBytes)
        } catch {
            guard Folder.isFolder(folder) else {
                throw TimeZoneError(
                    .noDatabase,
                    zone: name,
                    message: "the time zone '\(name)' cannot be read: there is no \(folder); "
                        + "install the package tzdata"
                )
            }
            if error.code == .missing || error.code == .isFolder {
                throw TimeZoneError(
                    .unknown,
                    zone: name,
                    message: "there is no time zone '\(name)' in \(folder); "
                        + "write an IANA name like Europe/Berlin"
                )
            }
            throw TimeZoneError(
                .unreadable,
                zone: name,
                message: "the time zone '\(name)' cannot be read: \(error.message)"
            )
        }
    }

    /// Whether it can be a zone's name; one with a dot could leave the folder.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("/")
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte | 0x20
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte
                    || "_-+/".utf8.contains(byte)
            }
    }
}
