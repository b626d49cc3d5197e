import Foundation
import Platform
import Storage
import Synchronization
import Telemetry
import Testing
import Values

/// What the log says, and that it holds nobody up.
struct LogTests {
    /// Lines as they were written.
    private final class Lines: Sendable {
        private let state = Mutex<[[UInt8]]>([])

        var texts: [String] { state.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }

        func add(_ line: [UInt8]) -> Bool {
            state.withLock { $0.append(line) }
            return true
        }
    }

    private let lines = Lines()
    private let metrics = MetricRegistry()

    private func book(_ format: LogBook.Format, _ level: LogLevel = .info) -> LogBook {
        LogBook(
            format,
            level: level,
            now: { Instant(microseconds: 1_800_000_000_000_000) },
            metrics: metrics,
            write: lines.add
        )
    }

    @Test func `a line is one object with time, level and event first`() throws {
        book(.json).note(
            .warn,
            "refused",
            [("path", "/a\nb"), ("caller", nil), ("status", 401)]
        )
        #expect(
            lines.texts == [
                #"{"time":"2027-01-15T08:00:00.000000Z","level":"warn","event":"refused","#
                    + #""path":"/a\nb","status":401}"# + "\n"
            ]
        )
    }

    @Test func `in text no value can look like another field or line`() {
        book(.text).note(
            .info,
            "decision",
            [("policy", "refund"), ("caller", "a b\nlevel=x"), ("x", "a=b"), ("n", 1)]
        )
        #expect(
            lines.texts == [
                #"2027-01-15T08:00:00.000000Z info decision policy=refund "#
                    + #"caller="a b\nlevel=x" x="a=b" n=1"# + "\n"
            ]
        )
    }

    @Test func `a long value is cut, a low level is left out, and off writes nothing`() throws {
        book(.json).note(.info, "e", [("m", .string(String(repeating: "x", count: 10_000)))])
        let line = try JSON.read(Array((lines.texts.last ?? "").utf8))
        #expect(line["m"]?.string?.count == Telemetry.Limits.fieldCharacters + 1)
        book(.json).note(.debug, "e")
        book(.json, .error).note(.warn, "e")
        book(.off).note(.error, "e")
        #expect(lines.texts.count == 1)
        book(.json, .debug).note(.debug, "e")
        #expect(lines.texts.count == 2)
    }

    @Test func `a line without room is counted`() {
        let full = LogBook(
            .json,
            now: { Instant(microseconds: 0) },
            metrics: metrics,
            write: { _ in false }
        )
        full.note(.info, "e")
        full.note(.info, "e")
        #expect(metrics.value(.logLinesDropped) == 2)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a reader who does not read holds nobody up, and what was dropped is told`() async {
        let gate = DispatchSemaphore(value: 0)
        let began = DispatchSemaphore(value: 0)
        let writer = LineWriter(
            limit: 50,
            droppedLine: { Array("dropped \($0)".utf8) },
            write: { [lines] line in
                began.signal()
                gate.wait()
                _ = lines.add(line)
            }
        )
        let line = Array("0123456789".utf8)
        #expect(writer.offer(line))
        began.wait()
        // One is being written and still counts as waiting, so four more fit.
        let taken = (0..<10).count { _ in writer.offer(line) }
        #expect(taken == 4)
        // Nobody reads: waiting for it ends all the same.
        await writer.finish(within: .milliseconds(10))
        #expect(lines.texts.isEmpty)
        for _ in 0..<100 { gate.signal() }
        await writer.finish(within: .seconds(60))
        let four = String(repeating: "0123456789", count: 4)
        #expect(lines.texts == ["0123456789", four, "dropped 6"])
        #expect(writer.offer(line))
        await writer.finish(within: .seconds(60))
        #expect(lines.texts.count == 4)
    }

    @Test(.timeLimit(.minutes(1)))
    func `lines that wait are written together, whole, and no more than a pipe takes at once`()
        async
    {
        let gate = DispatchSemaphore(value: 0)
        let began = DispatchSemaphore(value: 0)
        let writer = LineWriter(
            limit: 1 << 20,
            droppedLine: { _ in [] },
            write: { [lines] piece in
                began.signal()
                gate.wait()
                _ = lines.add(piece)
            }
        )
        #expect(writer.offer(Array("first\n".utf8)))
        began.wait()
        let sent = (0..<100).map { number in
            "\(number) " + String(repeating: "x", count: number * 97 % 6_000) + "\n"
        }
        for line in sent { #expect(writer.offer(Array(line.utf8))) }
        for _ in 0..<200 { gate.signal() }
        await writer.finish(within: .seconds(60))
        let pieces = lines.texts
        #expect(pieces.joined() == "first\n" + sent.joined())
        #expect(pieces.count < sent.count)
        for piece in pieces {
            #expect(piece.hasSuffix("\n"))
            // One line may be longer by itself.
            #expect(piece.utf8.count <= 4_096 || piece.filter { $0 == "\n" }.count == 1)
        }
    }

    @Test func `a failure is told once, and its end with what it lasted`() {
        var machine = HealthMachine()
        #expect(machine.worked(at: .zero) == nil)
        let told = (0..<5).map { machine.failed(at: .seconds($0)) }
        #expect(told == [true, false, false, false, false])
        let recovery = machine.worked(at: .seconds(7))
        #expect(recovery == .init(failures: 5, lasted: .seconds(7)))
        #expect(machine.worked(at: .seconds(8)) == nil)
    }

    @Test func `what fails and works by turns is told now and then`() {
        var machine = HealthMachine()
        var told = 0
        for turn in 0..<200 {
            let now = Duration.milliseconds(turn * 500)
            if machine.failed(at: now) { told += 1 }
            _ = machine.worked(at: now + .milliseconds(100))
        }
        // 100 seconds, every 10 at most.
        #expect(told == 10)
    }
}
