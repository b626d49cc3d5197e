/// A certificate with those that vouch for it, and its private key, as texts that C can read.
struct HTTPServerIdentity: Sendable {
    let certificate: String
    let key: String

    /// Refuses what is plainly no PEM, so that the error can say which of the two it is.
    init(certificate: [UInt8], key: [UInt8]) throws(HTTPServerError) {
        guard let certificate = Self.text(certificate),
            certificate.contains("-----BEGIN CERTIFICATE-----")
        else {
            throw HTTPServerError(
                certificate: "is no PEM text with '-----BEGIN CERTIFICATE-----' in it"
            )
        }
        guard let key = Self.text(key), key.contains("PRIVATE KEY-----") else {
            throw HTTPServerError(
                key: "is no PEM text with '-----BEGIN PRIVATE KEY-----' in it"
            )
        }
        guard !key.contains("ENCRYPTED") else {
            throw HTTPServerError(key: "is locked by a password: give one without")
        }
        self.certificate = certificate
        self.key = key
    }

    private static func text(_ bytes: [UInt8]) -> String? {
        bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}
