internal import Platform

/// Who acts on the command line.
enum Person {
    /// `--as NAME`, or `local:` and the name of the account.
    static func of(_ call: Invocation) -> String {
        call["--as"] ?? "local:" + (Process.environment("USER") ?? "unknown")
    }

    static let option = OptionSpecification(
        "--as",
        "NAME",
        "who you are (default: local:$USER)"
    )
}
