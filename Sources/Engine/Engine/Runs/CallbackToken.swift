package import Values

/// What the address of one waiting step ends with: which step it is, and a proof that the address was
/// made here.
///
/// It counts for one wait only: a step that is done anew has another. HMAC-SHA-256 (RFC 2104) of the
/// rest under the store's secret, 128 bits of it.
package struct CallbackToken: Sendable, Equatable {
    package let run: Identifier
    package let step: Int
    package let epoch: Int64

    package init(run: Identifier, step: Int, epoch: Int64) {
        self.run = run
        self.step = step
        self.epoch = epoch
    }

    /// Reads a token; nothing where it was not made under that secret.
    package init?(_ text: String, secret: [UInt8]) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let run = Identifier(parts[0]), let step = Int(parts[1]),
            let epoch = Int64(parts[2])
        else { return nil }
        self.init(run: run, step: step, epoch: epoch)
        let expected = Array(self.text(secret: secret).utf8)
        let given = Array(text.utf8)
        guard given.count == expected.count else { return nil }
        // Every byte is looked at, so that the time tells nothing.
        guard zip(given, expected).reduce(UInt8(0), { $0 | ($1.0 ^ $1.1) }) == 0 else { return nil }
    }

    /// The token as an address ends with it; whoever has it may call once.
    package func text(secret: [UInt8]) -> String {
        let own = "\(run).\(step).\(epoch)"
        let mac = hmac(key: secret, message: Array("run-callback/\(own)".utf8)).bytes.prefix(16)
        return "\(own).\(Array(mac).hex)"
    }
}
