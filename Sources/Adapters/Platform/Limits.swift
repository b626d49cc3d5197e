internal import Dispatch

/// The bounds of what this machine is asked for.
enum Limits {
    /// How long lines gather, once some were written, before the next are.
    static let lineGap = DispatchTimeInterval.milliseconds(10)
    /// Bytes of lines written with one call: what a pipe takes without another's in between.
    static let joinedLineBytes = 4_096
}
