internal import Foundation

/// One thing that reads bytes from outside, and what must hold whatever the bytes are.
///
/// A trap is a finding by itself; `broken` makes one of anything else that must not be.
typealias FuzzTarget = @Sendable ([UInt8]) -> Void

let fuzzTargets: [String: FuzzTarget] = [
    "cel": fuzzExpressions,
    "csv": fuzzTables,
    "gateway": fuzzGateway,
    "http": fuzzServer,
    "json": fuzzJSON,
    "lines": fuzzLines,
    "policy": fuzzWorkspace,
    "prompt": fuzzPrompts,
    "schema": fuzzSchemas,
    "text": fuzzTexts,
    "zone": fuzzZones,
]

private let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["STEPGATE_FUZZ_TARGET"] ?? ""
    guard let target = fuzzTargets[name] else {
        let names = fuzzTargets.keys.sorted().joined(separator: ", ")
        broken("STEPGATE_FUZZ_TARGET is '\(name)'; there are \(names)")
    }
    return target
}()

/// What libFuzzer calls with each input.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    chosen(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// Ends the process with a reason, which libFuzzer takes for a crash and keeps the input of.
func broken(_ what: String) -> Never {
    // Told here too: the optimizer leaves out the messages of traps.
    FileHandle.standardError.write(Data("\nbroken: \(what)\n".utf8))
    fatalError(what)
}

/// Holds an invariant.
func hold(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { broken(what()) }
}
