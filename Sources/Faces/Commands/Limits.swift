/// The bounds of what the command line reads.
enum Limits {
    /// One line of a JSONL or CSV file.
    static let lineBytes = 4 << 20
    /// One file of a workspace.
    static let fileBytes = 16 << 20
    /// A file that `eval` reads: an input, or a schema.
    static let evaluatedBytes = 16 << 20
    /// Variables beside the input that `eval` takes.
    static let variables = 100
    /// A file that holds a key.
    static let secretBytes = 64 << 10
    /// Files of a workspace.
    static let files = 10_000
    /// Folders of a workspace inside each other.
    static let folderDepth = 8
    /// Steps asked at once.
    static let concurrency = 10_000
    /// Bad lines told one by one; the rest are counted.
    static let badLinesShown = 20
    /// Lines finished out of order that are kept in memory; others are read from the store again.
    static let heldLines = 20_000
    /// Bytes of a server's log lines that wait for their writer; further lines are dropped.
    static let waitingLogBytes = 4 << 20
    /// How long a server that stops waits for somebody to read its last lines.
    static let logEnd = Duration.seconds(2)
    /// How often the log's head is written beside the store.
    static let headInterval = Duration.seconds(60)
    /// Requests worked on at once; more wait for their turn, as many as there are connections.
    static let requestsAtOnce = 512
    /// Between two looks at a watched folder.
    static let watchPause = Duration.milliseconds(200)
    /// Entries verified or listed at a time.
    static let page = 1_000
    /// Bytes of a file of heads.
    static let headsBytes = 256 << 20
    /// How long the call of `models test` may take.
    static let probeTime = Duration.seconds(60)
    /// How long a server that stops waits for requests that are under way.
    static let drain = Duration.seconds(10)
    /// Runs told of in a second that could not be gone on with.
    static let troubleTold = 5
    /// Between two looks at a run that is watched or waited for.
    static let runPause = Duration.milliseconds(250)
    /// Characters of a run's identifier that name it, where they name one alone.
    static let prefixCharacters = 8
    /// Rows one listing shows.
    static let rows = 10_000
    /// Runs one transaction of `run forget` deletes, about.
    static let forgottenAtOnce = 500
}
