/// What has arrived of one answer; filled by libcurl's callbacks on its thread.
final class Response {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    /// Whether the answer was cut off for being larger than allowed.
    private(set) var isTooLarge = false
    private var limit = 0
    private var headerBytes = 0

    func begin(limit: Int) {
        self.limit = limit
        headers = []
        body = []
        isTooLarge = false
        headerBytes = 0
    }

    /// Takes a part of the body; false ends the transfer.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= limit else {
            isTooLarge = true
            return false
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    /// Takes one header line; a status line begins anew, as after `100 Continue`.
    func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Limits.headerBytes else {
            isTooLarge = true
            return false
        }
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = []
            return true
        }
        guard let colon = line.firstIndex(of: ":") else { return true }
        let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
        var end = value.endIndex
        while end > value.startIndex, value[value.index(before: end)].isWhitespace {
            end = value.index(before: end)
        }
        headers.append((line[..<colon].lowercased(), String(value[..<end])))
        return true
    }
}
