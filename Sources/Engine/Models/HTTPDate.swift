internal import Values

/// Reads the dates of HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// The day of the week may be missing and is not checked; the zone must be GMT, UTC or +0000.
func instant(httpDate text: String) -> Instant? {
    let words = text.split { $0 == " " || $0 == "," }.map(String.init)
    let parts = words.count == 6 ? Array(words.dropFirst()) : words
    guard parts.count == 5, ["GMT", "UTC", "+0000"].contains(parts[4]) else { return nil }
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    guard let month = months.firstIndex(of: parts[1]), let day = Int64(parts[0]),
        let year = Int64(parts[2]), (1970...9999).contains(year), (1...31).contains(day)
    else { return nil }
    let clock = parts[3].split(separator: ":").map { Int64($0) ?? -1 }
    guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
        (0...60).contains(clock[2])
    else { return nil }
    let date = CivilDate(year: year, month: Int64(month) + 1, day: day)
    let seconds = date.daysSince1970 * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    return Instant(microseconds: seconds * 1_000_000)
}
