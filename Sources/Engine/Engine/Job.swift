internal import Decisions
package import Models
package import Values

/// One line of a job's input that could be read.
package struct JobLine: Sendable {
    /// Its place among the lines that could be read, from 0.
    package let place: Int
    /// The line of the file, from 1.
    package let number: Int
    package let step: IncomingStep

    package init(place: Int, number: Int, step: IncomingStep) {
        self.place = place
        self.number = number
        self.step = step
    }
}

/// Where a job's lines come from; lines that cannot be read are its own to report.
package protocol LineSource: SendableMetatype {
    /// The next lines in order, at most so many; none at the end.
    mutating func next(_ count: Int) throws -> [JobLine]
    /// How much of the input has been read, where that is known.
    var fraction: Double? { get }
}

/// What became of one line.
package enum LineResult: Sendable {
    /// Pending for a person or final.
    case settled(DecisionView)
    /// The input does not fit the policy, or its key was used with another input.
    case refused(String)
}

/// Who is told of a job's progress; called in the order things happen, one call at a time.
package protocol JobObserver: SendableMetatype {
    /// So much of the input has been read.
    mutating func read(_ fraction: Double?)
    /// A line with a key came to its result.
    mutating func finished(_ line: JobLine, _ result: LineResult) async throws
    /// So many steps wait for a model that cannot be reached.
    mutating func waiting(_ count: Int, until: Instant?, because: String)
}

/// Decides a stream of lines: takes them on in batches, asks models for many at once, and keeps
/// the steps of an outage until their time.
///
/// Interrupted anywhere and run again, it goes on: what was decided is found by its key, what was
/// being asked is resumed.
package struct Job<Source: LineSource, Observer: JobObserver> {
    private let engine: DecisionEngine
    private let policy: String
    private let concurrency: Int
    private let clock: any CallClock
    package private(set) var source: Source
    package var observer: Observer

    /// Accepted steps not yet being asked, in order.
    private var ready: [Asking] = []
    private var asked = 0
    /// Batches being begun.
    private var beginning = 0
    private var waiting = WaitingSteps()
    /// The lines that a step in `ready`, being asked or waiting is for; none for a step that an
    /// earlier job left.
    private var lines: [Identifier: [JobLine]] = [:]
    private var ended = false
    private var reapedAt: Instant?

    package init(
        engine: DecisionEngine,
        policy: String,
        concurrency: Int,
        clock: any CallClock,
        source: Source,
        observer: Observer
    ) {
        self.engine = engine
        self.policy = policy
        self.concurrency = concurrency
        self.clock = clock
        self.source = source
        self.observer = observer
    }

    private enum Event: Sendable {
        case begun([JobLine], [Begun])
        case asked(Asked)
        case timer(Instant)
    }

    /// Returns when every line has its result and nothing is `asking` any more.
    package mutating func run() async throws {
        for asking in try await engine.resume() {
            lines[asking.id] = []
            hold(asking)
        }
        try await withThrowingTaskGroup(of: Event.self) { group in
            var armed: Instant?
            while true {
                try takeOn(in: &group)
                start(in: &group)
                if let next = waiting.next, armed.map({ next < $0 }) ?? true {
                    // Woken now and then while it waits long, to look for what others gave back.
                    let until = min(next, clock.now + Limits.reapPause)
                    armed = until
                    group.addTask { [clock] in
                        try await clock.sleep(for: max(.zero, until - clock.now))
                        return .timer(until)
                    }
                }
                guard let event = try await group.next() else { break }
                switch event {
                case .begun(let batch, let begun):
                    beginning -= 1
                    for (line, begun) in zip(batch, begun) { try await sort(line, begun) }
                case .timer(let until):
                    if armed == until { armed = nil }
                    ready += waiting.due(at: clock.now)
                    try await reap()
                case .asked(let asked): try await receive(asked)
                }
            }
        }
    }

    /// Takes on what others gave back to be asked, such as reviews that a person recalled.
    private mutating func reap() async throws {
        guard reapedAt.map({ clock.now >= $0 + Limits.reapPause }) ?? true else { return }
        reapedAt = clock.now
        for asking in try await engine.reap(holding: Set(lines.keys)) {
            lines[asking.id] = []
            ready.append(asking)
        }
    }

    /// Steps whose model was unavailable wait out what is left of their pause.
    private mutating func hold(_ asking: Asking) {
        if let until = asking.record.retryAt, clock.now < until {
            waiting.add(asking, until: until)
        } else {
            ready.append(asking)
        }
    }

    /// Reads lines while there is room for their steps.
    ///
    /// Enough to keep every call busy, and few enough that a crash leaves little to resume. One batch is worked out while another commits.
    private mutating func takeOn(
        in group: inout ThrowingTaskGroup<Event, any Error>
    ) throws {
        while !ended, beginning < Limits.batchesAtOnce,
            ready.count < min(concurrency, Limits.readySteps)
        {
            let batch = try source.next(Limits.batch)
            if batch.isEmpty {
                ended = true
                return
            }
            observer.read(source.fraction)
            beginning += 1
            group.addTask { [engine, policy] in
                .begun(batch, try await engine.begin(batch.map(\.step), under: policy))
            }
        }
    }

    private mutating func sort(_ line: JobLine, _ begun: Begun) async throws {
        switch begun {
        case .settled(let view): try await observer.finished(line, .settled(view))
        case .asking(let asking):
            lines[asking.id, default: []].append(line)
            ready.append(asking)
        case .known(let view):
            try await recognise(line, view)
        case .keyTaken(let id):
            try await observer.finished(
                line,
                .refused("its key was used before with another input, for decision \(id)")
            )
        case .refused(let failures):
            try await observer.finished(
                line,
                .refused(failures.map(\.description).joined(separator: "; "))
            )
        }
    }

    /// A line whose step came before: finished, or one more line for a step being asked.
    ///
    /// What is being asked is asked by this job, which resumed at its start what others left. It may
    /// have been settled since the batch looked it up, so one that nobody holds is looked up again;
    /// one still asking then is of a batch beside this one, and told here before it is told there.
    private mutating func recognise(_ line: JobLine, _ seen: DecisionView) async throws {
        var view = seen
        if view.record.state == .asking, lines[view.record.id] == nil {
            view = try await engine.view(of: view.record.id)
        }
        if view.record.state == .asking {
            lines[view.record.id, default: []].append(line)
        } else {
            try await observer.finished(line, .settled(view))
        }
    }

    private mutating func start(in group: inout ThrowingTaskGroup<Event, any Error>) {
        let room = min(ready.count, concurrency - asked)
        guard room > 0 else { return }
        for asking in ready.prefix(room) {
            asked += 1
            group.addTask { [engine] in .asked(try await engine.ask(asking)) }
        }
        ready.removeFirst(room)
    }

    private mutating func receive(_ result: Asked) async throws {
        asked -= 1
        switch result {
        case .settled(let view):
            for line in lines.removeValue(forKey: view.record.id) ?? [] {
                try await observer.finished(line, .settled(view))
            }
        case .waits(let asking, let until):
            waiting.add(asking, until: until)
            observer.waiting(
                waiting.count,
                until: waiting.next,
                because: asking.tried ?? asking.record.because
            )
        }
    }
}

/// Steps that wait for a model, by when they are asked again.
private struct WaitingSteps {
    private var steps: [(until: Instant, asking: Asking)] = []

    var count: Int { steps.count }
    var next: Instant? { steps.last?.until }

    /// Keeps the earliest last.
    mutating func add(_ asking: Asking, until: Instant) {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].until > until { low = middle + 1 } else { high = middle }
        }
        steps.insert((until, asking), at: low)
    }

    mutating func due(at now: Instant) -> [Asking] {
        var due: [Asking] = []
        while let last = steps.last, last.until <= now {
            due.append(last.asking)
            steps.removeLast()
        }
        return due
    }
}
