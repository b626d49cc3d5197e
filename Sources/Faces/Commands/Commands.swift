/// The command line: reads arguments, wires the adapters to the ports, and prints.
package enum Commands {
    /// Runs one invocation and returns its exit code.
    package static func run(_ arguments: [String]) async -> Int32 { 0 }
}
