/// The bounds of the engine's own work.
package enum Limits {
    /// Characters of the note of a release.
    package static let noteCharacters = 2_000
    /// Releases, and promotions, that are listed at most.
    package static let listedReleases = 1_000
    /// Characters of a release's name that tell it from others.
    package static let releasePrefix = 6
    /// How often an act is worked out again after another changed what it was made from.
    package static let staleAttempts = 16
    /// Decisions taken over at a time when an engine starts.
    static let resumePage = 4_096
    /// Lines a job takes on in one commit.
    package static let batch = 256
    /// Batches a job works on at once.
    package static let batchesAtOnce = 4
    /// Accepted steps beyond which a job takes on no more before it has asked about these.
    static let readySteps = 1_024
    /// Steps that a service asks models about, or holds for one, at once.
    package static let served = 10_000
    /// Between two tries to write what a model answered to a store that does not take it.
    static let storePause = Duration.seconds(1)
    /// Between two looks at what other processes did, while somebody waits.
    static let lookPause = Duration.milliseconds(500)
    /// Reviews looked at together when some are recalled.
    static let recallPage = 256
    /// Between two looks for steps whose lease ran out.
    static let reapPause = Duration.seconds(10)
    /// Callbacks under way, in all and to one host.
    package static let callbacksAtOnce = 32
    package static let callbacksToOneHost = 4
    /// How long a receiver may take to begin its answer, and to end it.
    static let callbackFirstByte = Duration.seconds(15)
    static let callbackTimeout = Duration.seconds(20)
    /// How long a callback is claimed; more than an attempt can take.
    package static let callbackLease = Duration.seconds(60)
    /// Bytes that are read of a receiver's answer; nothing depends on them.
    static let callbackAnswerBytes = 64 << 10
    /// Entries of others looked at for who waits; where there are more, every waiter is looked at.
    static let entriesLookedAt: Int64 = 8_192
    /// Decisions of which it is remembered what was told of them.
    static let tellingsKept = 4_096
    /// Waiters that are all looked at when anything was written.
    static let fewWaiters = 64
    /// Between two moments at which waiters are let go, where many go one after the other.
    static let alarmPause = Duration.milliseconds(20)
    /// Who may follow the log and the runs at once.
    package static let listeners = 256
    /// Entries, and changes of runs, kept at hand for all who follow; who is further behind reads the
    /// store.
    static let eventsAtHand = 2_048
    /// Events read or handed on at a time.
    static let eventPage = 256
    /// Between two readings for those who follow, so that many commits are one reading.
    static let eventPause = Duration.milliseconds(10)
    /// Decisions whose policy and caller are remembered for events that do not say them.
    static let ownersKept = 8_192
    /// Between two askings of a model that was unavailable.
    static let shortestPause = Duration.seconds(1)
    static let longestPause = Duration.seconds(60)

    /// Releases of runs under way that are kept loaded.
    static let recentReleases = 16
    /// Runs remembered as they were committed last.
    static let recentRuns = 8_192
    /// Woken steps an engine remembers.
    static let readyQueue = 16_384
    /// Calls of http steps under way.
    package static let callsAtOnce = 4_096
    /// Steps an engine is at, those that wait for an answer from outside aside.
    package static let stepsAtOnce = 512
    /// Woken steps read at a time, and of one flow.
    static let readyPage = 1_024
    static let readyOfFlow = 256
    /// Due steps read at a time.
    static let duePage = 256
    /// Due steps that cannot pass and are gone past to others, until the next tick.
    static let stuckSteps = 4_096
    /// What came for a run that is read at a time.
    static let signalPage = 256
    /// Runs below that are read at a time.
    static let childPage = 256
    /// Rows looked at together for the leases they may hold.
    static let leasePage = 4_096
    /// How far the wall clock and the uptime must have gone on apart, between two looks, for the clock
    /// to have been set.
    static let clockJump = Duration.seconds(5)
    /// How long who waits for his turn at a run does so while the store takes nothing from others.
    static let turnPatience = Duration.seconds(5)
    /// Between two looks at what other processes did to runs.
    static let runPause = Duration.seconds(1)
    /// Between two moments at which those who wait for runs or work are let go.
    static let watchPause = Duration.milliseconds(100)
    /// What a lease lasts beyond the time-out of what it is for.
    static let leaseMargin = Duration.seconds(15)
    /// How often the end of an attempt is brought to a store that does not take it, a second apart.
    static let finishAttempts = 30
    /// Rates of flows and steps remembered, in each of two generations.
    static let rateLines = 8_192
    /// How far ahead a rate's promises must be, and how long the last look ago, before it is looked
    /// whether anybody still waits for them.
    static let ratePromises = Duration.seconds(60)
    /// How often one claim of work reads what is ready, while all it found has to wait for its rate.
    static let claimReads = 8
    /// Steps being claimed that another claim looks past.
    static let claimsBeside = 4_096
    /// Between two looks for runs that ended long enough ago to be forgotten.
    static let retentionPause = Duration.seconds(60)
    /// Runs forgotten in one transaction, about, and how long the writes of others have before the
    /// next one.
    static let forgottenAtOnce = 100
    static let forgettingPause = Duration.milliseconds(50)
    /// Bytes of an answer that are shown where it is refused.
    static let answerShown = 500
}
