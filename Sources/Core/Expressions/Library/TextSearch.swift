/// Finds one text in others by their bytes, in time linear in both (Knuth, Morris and Pratt).
struct TextSearch {
    private let part: [UInt8]
    /// For each place of `part`, the longest beginning of it that ends there too.
    private var borders: [Int]

    init(_ part: String) { self.init(Array(part.utf8)) }

    /// For a text that is searched backwards.
    init(reversed part: String) { self.init(part.utf8.reversed()) }

    private init(_ bytes: [UInt8]) {
        part = bytes
        borders = Array(repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = borders[length - 1] }
            if bytes[index] == bytes[length] { length += 1 }
            borders[index] = length
        }
    }

    /// The first place from `start` on where it is found.
    func first(in text: [UInt8], from start: Int) -> Int? {
        if part.isEmpty { return start }
        var length = 0
        var index = start
        while index < text.count {
            while length > 0, text[index] != part[length] { length = borders[length - 1] }
            if text[index] == part[length] { length += 1 }
            index += 1
            if length == part.count { return index - length }
        }
        return nil
    }

    /// Every place where it is found, none within another.
    func all(in text: [UInt8], atMost limit: Int) -> [Int] {
        var places: [Int] = []
        var start = 0
        while places.count < limit, let place = first(in: text, from: start) {
            places.append(place)
            start = place + part.count
        }
        return places
    }

    /// Whether one text is found in another; nothing is allocated for short ones.
    static func contains(_ text: String, _ part: String) -> Bool {
        let haystack = text.utf8.span
        let needle = part.utf8.span
        if needle.count > haystack.count { return false }
        if needle.isEmpty { return true }
        let (work, overflow) = needle.count.multipliedReportingOverflow(by: haystack.count)
        if overflow || work > 1 << 14 {
            return TextSearch(part).first(in: Array(text.utf8), from: 0) != nil
        }
        for start in 0...(haystack.count - needle.count) {
            var length = 0
            while length < needle.count, haystack[start + length] == needle[length] { length += 1 }
            if length == needle.count { return true }
        }
        return false
    }
}
