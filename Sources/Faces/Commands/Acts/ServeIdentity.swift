internal import HTTPMicro
internal import Platform

/// The certificate and key files that `serve` was given.
struct ServeIdentity {
    static let options = [
        OptionSpecification("--tls-cert", "FILE", "serves HTTPS with this certificate (PEM)"),
        OptionSpecification("--tls-key", "FILE", "the certificate's private key (PEM)"),
    ]

    private let certificate: File
    private let key: File
    let tls: (certificate: [UInt8], key: [UInt8])

    /// Nothing when neither was given; one alone is refused.
    init?(_ call: Invocation) throws {
        switch (call["--tls-cert"], call["--tls-key"]) {
        case (nil, nil): return nil
        case (let certificatePath?, let keyPath?):
            certificate = try File(certificatePath, for: .reading)
            key = try File(keyPath, for: .reading)
            tls = (
                try certificate.readAll(limit: Limits.secretBytes),
                try key.readAll(limit: Limits.secretBytes)
            )
        case (nil, _): throw CommandFailure.usage("--tls-key needs --tls-cert beside it")
        case (_, nil): throw CommandFailure.usage("--tls-cert needs --tls-key beside it")
        }
    }

    /// Says when others on this machine could take the key.
    func warn(_ terminal: Terminal) throws {
        guard try key.isReadableByOthers() else { return }
        terminal.note("\(key.path) may be read by others: chmod 600 \(key.path)")
    }

    /// The server's reason with the file it is about.
    func explain(_ error: HTTPServerError) -> CommandFailure {
        switch error.cause {
        case .certificate: .refused("\(certificate.path): \(error.message)")
        case .key: .refused("\(key.path): \(error.message)")
        case .address, .openFiles: .unavailable(error.message)
        }
    }
}
