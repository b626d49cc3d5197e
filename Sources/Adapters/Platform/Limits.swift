internal import Dispatch

/// The bounds of what this machine is asked for.
enum Limits {
    /// How long lines gather, once some were written, before the next are.
    static let lineGap = DispatchTimeInterval.milliseconds(10)
}
