internal import Webhooks

/// What has arrived of one answer; filled by libcurl's callbacks on its thread.
final class Response {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    /// Whether the answer was cut off for being larger than allowed.
    private(set) var isTooLarge = false
    /// Whether an address was not connected to, since it is not public.
    private(set) var wasRefused = false
    /// Whether the body was cut at its limit, as it may be.
    private(set) var isCut = false
    var cutsBody = false
    private var limit = 0
    private var headerBytes = 0

    func begin(limit: Int) {
        self.limit = limit
        headers = []
        body = []
        isTooLarge = false
        wasRefused = false
        isCut = false
        cutsBody = false
        headerBytes = 0
    }

    /// Whether an address of the host may be connected to.
    func admits(_ address: [UInt8]) -> Bool {
        if NetworkAddress(bytes: address)?.isPublic == true { return true }
        wasRefused = true
        return false
    }

    /// Takes a part of the body; false ends the transfer.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= limit else {
            isCut = cutsBody
            isTooLarge = !cutsBody
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
