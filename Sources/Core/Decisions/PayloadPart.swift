package import Values

/// A value that the log holds only a salted digest of.
///
/// The salt keeps a digest of few possible values, such as a tier or an intent, from being
/// guessed once the value is redacted.
package struct PayloadPart: Sendable, Equatable {
    /// What it is: `/input`, `/output`, `/answers`, or a pointer under the policy's `private:`
    /// with `/input` before it.
    package let name: String
    /// 16 random bytes, never used twice.
    package let salt: [UInt8]
    package let value: JSON
    /// `SHA-256(salt || canonical value)`.
    package let digest: Digest
    /// The canonical bytes of `value`, kept since both the digest and the row need them.
    package let bytes: [UInt8]

    package init(_ name: String, salt: [UInt8], value: JSON) {
        self.name = name
        self.salt = salt
        self.value = value
        bytes = value.canonicalBytes
        digest = Digest(of: salt, bytes)
    }
}

extension [PayloadPart] {
    /// The input as one part, and each private value in it as a part of its own.
    ///
    /// In the input's own part a private value is replaced by `{"private": DIGEST}`, so deleting
    /// the value's part redacts it and leaves the input verifiable.
    package static func input(
        _ input: JSON,
        private pointers: [JSONPointer],
        salts: () -> [UInt8]
    ) -> [PayloadPart] {
        var open = input
        var hidden: [PayloadPart] = []
        for pointer in pointers {
            guard let value = input[pointer] else { continue }
            let part = PayloadPart("/input" + pointer.description, salt: salts(), value: value)
            open = open.replacing(pointer, with: ["private": .string(part.digest.hex)])
            hidden.append(part)
        }
        return [PayloadPart("/input", salt: salts(), value: open)] + hidden
    }

    /// The value of a part, private values put back where they still exist.
    package func value(_ name: String) -> JSON? {
        guard var value = first(where: { $0.name == name })?.value else { return nil }
        for part in self where part.name.hasPrefix(name + "/") {
            guard let pointer = try? JSONPointer(String(part.name.dropFirst(name.utf8.count)))
            else {
                continue
            }
            value = value.replacing(pointer, with: part.value)
        }
        return value
    }

    /// The stored form: `{NAME: {"salt": HEX, "value": VALUE}, …}`.
    package var rowBytes: [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (index, part) in enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSON.string(part.name).appendCanonical(to: &bytes)
            bytes += #":{"salt":""#.utf8
            bytes += part.salt.hex.utf8
            bytes += #"","value":"#.utf8
            bytes += part.bytes
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Reads the stored form; nothing when it is not that.
    package init?(rowBytes: [UInt8]) {
        guard let row = (try? JSON.read(rowBytes))?.object else { return nil }
        var parts: [PayloadPart] = []
        for member in row.members {
            guard
                let hex = member.value["salt"]?.string, let salt = [UInt8](hex: hex),
                let value = member.value["value"]
            else { return nil }
            parts.append(PayloadPart(member.name, salt: salt, value: value))
        }
        self = parts
    }
}
