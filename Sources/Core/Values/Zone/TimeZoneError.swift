/// Why the rules of a time zone cannot be had.
package struct TimeZoneError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        /// The bytes are no sound TZif file.
        case malformed
        /// The file counts leap seconds, which an `Instant` does not.
        case leapSeconds
        /// No zone can have that name.
        case invalidName
        /// The database has no zone of that name.
        case unknown
        /// There is no database of time zones here.
        case noDatabase
        /// The file is there and cannot be read.
        case unreadable
    }

    package let code: Code
    package let zone: String
    /// One sentence without a full stop that names the zone and says what to do, where known.
    package let message: String

    package init(_ code: Code, zone: String, message: String) {
        self.code = code
        self.zone = zone
        self.message = message
    }
}

extension TimeZoneError: CustomStringConvertible {
    package var description: String { message }
}
