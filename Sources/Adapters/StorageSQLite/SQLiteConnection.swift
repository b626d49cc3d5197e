internal import CSQLite

/// A value as SQLite keeps it.
enum SQLiteValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// What SQLite said when it refused.
struct SQLiteFailure: Error, Sendable {
    let code: Int32
    let message: String

    var isBusy: Bool { code & 0xFF == SQLITE_BUSY }
    var isNotADatabase: Bool { code & 0xFF == SQLITE_NOTADB }
    /// Something that was written may not have reached the disk, and nobody is told so twice.
    var isLost: Bool { code == SQLITE_IOERR | (4 << 8) }
}

/// Owns one connection and its prepared statements; used from one thread at a time.
@safe
final class SQLiteConnection {
    private let raw: OpaquePointer
    private var statements: [String: OpaquePointer] = unsafe [:]
    /// Those of long-lived texts by where the text is: a text is hashed in the time of its length.
    private var placed: [UInt: (sql: String, statement: OpaquePointer)] = unsafe [:]

    init(_ path: String, readOnly: Bool) throws(SQLiteFailure) {
        var opened: OpaquePointer?
        let flags =
            (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
            | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let connection = unsafe opened else {
            let message = unsafe opened.map { handle in
                unsafe String(cString: sqlite3_errmsg(handle))
            }
            unsafe sqlite3_close_v2(opened)
            throw SQLiteFailure(code: code, message: message ?? "out of memory")
        }
        unsafe raw = connection
        unsafe sqlite3_extended_result_codes(raw, 1)
        unsafe sqlite3_busy_timeout(raw, Limits.busyMilliseconds)
    }

    deinit {
        unsafe statements.values.forEach { statement in unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_close_v2(raw)
    }

    /// How long a statement waits for another process's transaction.
    func wait(milliseconds: Int32) { unsafe sqlite3_busy_timeout(raw, milliseconds) }

    /// Runs statements without values or rows.
    func execute(_ sql: String) throws(SQLiteFailure) {
        let code = unsafe sqlite3_exec(raw, sql, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code) }
    }

    /// Runs one statement to its end.
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteFailure) {
        _ = try rows(sql, values, limit: 0)
    }

    /// The first row, if there is one.
    func row(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteFailure) -> [SQLiteValue]? {
        try rows(sql, values, limit: 1).first
    }

    /// The rows a statement gives, at most so many.
    func rows(
        _ sql: String,
        _ values: [SQLiteValue] = [],
        limit: Int = .max
    ) throws(SQLiteFailure) -> [[SQLiteValue]] {
        let statement = unsafe try prepared(sql)
        defer {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            let code = unsafe Self.bind(value, to: statement, at: Int32(index + 1))
            if code != SQLITE_OK { throw failure(code) }
        }
        var rows: [[SQLiteValue]] = []
        while true {
            let code = unsafe sqlite3_step(statement)
            if code == SQLITE_DONE { return rows }
            guard code == SQLITE_ROW else { throw failure(code) }
            if rows.count < limit { unsafe rows.append(Self.columns(of: statement)) }
            if rows.count >= limit, limit > 0 { return rows }
        }
    }

    /// Rows changed by the last statement.
    var changes: Int { unsafe Int(sqlite3_changes(raw)) }

    /// How many pages transactions have written since this was last asked.
    func takePagesWritten() -> Int {
        var pages: Int32 = 0
        var highest: Int32 = 0
        let written = SQLITE_DBSTATUS_CACHE_WRITE
        let code = unsafe sqlite3_db_status(raw, written, &pages, &highest, 1)
        return code == SQLITE_OK ? Int(pages) : 0
    }

    /// Has what was written to the database file put on the disk, by SQLite's own handle of it: to
    /// close another would let go of this process's locks.
    func syncDatabase() throws(SQLiteFailure) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = unsafe withUnsafeMutablePointer(to: &file) { place in
            unsafe sqlite3_file_control(raw, "main", SQLITE_FCNTL_FILE_POINTER, place)
        }
        guard code == SQLITE_OK, let file = unsafe file,
            let sync = unsafe file.pointee.pMethods?.pointee.xSync
        else { throw failure(code) }
        let told = unsafe sync(file, SQLITE_SYNC_NORMAL)
        if told != SQLITE_OK {
            throw SQLiteFailure(code: told, message: unsafe String(cString: sqlite3_errstr(told)))
        }
    }

    /// Has the log of writes left as it is when this is closed, though it be the last.
    func keepLog() { unsafe stepgate_sqlite_keep_log(raw) }

    private func prepared(_ sql: String) throws(SQLiteFailure) -> OpaquePointer {
        let place = unsafe sql.utf8.withContiguousStorageIfAvailable { bytes in
            UInt(bitPattern: bytes.baseAddress)
        }
        if let place, let known = unsafe placed[place], unsafe known.sql == sql {
            return unsafe known.statement
        }
        let statement = unsafe try found(sql)
        if let place, unsafe placed.count < Limits.statementsPlaced {
            unsafe placed[place] = unsafe (sql, statement)
        }
        return unsafe statement
    }

    private func found(_ sql: String) throws(SQLiteFailure) -> OpaquePointer {
        if let known = unsafe statements[sql] { return unsafe known }
        var made: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            raw,
            sql,
            -1,
            UInt32(SQLITE_PREPARE_PERSISTENT),
            &made,
            nil
        )
        guard code == SQLITE_OK, let statement = unsafe made else { throw failure(code) }
        unsafe statements[sql] = statement
        return unsafe statement
    }

    private static func bind(
        _ value: SQLiteValue,
        to statement: OpaquePointer,
        at index: Int32
    ) -> Int32 {
        let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return unsafe sqlite3_bind_null(statement, index)
        case .integer(let value): return unsafe sqlite3_bind_int64(statement, index, value)
        case .real(let value): return unsafe sqlite3_bind_double(statement, index, value)
        case .text(let text):
            var text = text
            return text.withUTF8 { bytes in
                let chars = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(
                    to: CChar.self
                )
                return unsafe sqlite3_bind_text(
                    statement,
                    index,
                    chars,
                    Int32(bytes.count),
                    transient
                )
            }
        case .blob(let bytes):
            if bytes.isEmpty { return unsafe sqlite3_bind_zeroblob(statement, index, 0) }
            return unsafe sqlite3_bind_blob(
                statement,
                index,
                bytes,
                Int32(bytes.count),
                transient
            )
        }
    }

    private static func columns(of statement: OpaquePointer) -> [SQLiteValue] {
        let count = unsafe sqlite3_column_count(statement)
        return (0..<count).map { index in
            switch unsafe sqlite3_column_type(statement, index) {
            case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(statement, index))
            case SQLITE_FLOAT: return .real(unsafe sqlite3_column_double(statement, index))
            case SQLITE_TEXT:
                let count = unsafe Int(sqlite3_column_bytes(statement, index))
                guard let text = unsafe sqlite3_column_text(statement, index) else { return .null }
                return .text(
                    unsafe String(
                        decoding: UnsafeBufferPointer(start: text, count: count),
                        as: UTF8.self
                    )
                )
            case SQLITE_BLOB:
                let count = unsafe Int(sqlite3_column_bytes(statement, index))
                guard let bytes = unsafe sqlite3_column_blob(statement, index) else {
                    return .blob([])
                }
                return .blob(unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count)))
            default: return .null
            }
        }
    }

    private func failure(_ code: Int32) -> SQLiteFailure {
        unsafe SQLiteFailure(code: code, message: String(cString: sqlite3_errmsg(raw)))
    }
}

extension SQLiteValue {
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
    var blob: [UInt8]? { if case .blob(let value) = self { value } else { nil } }

    var real: Double? {
        switch self {
        case .real(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    init(_ text: String?) { self = text.map(SQLiteValue.text) ?? .null }
    init(_ value: Double?) { self = value.map(SQLiteValue.real) ?? .null }
    init(_ value: Int64?) { self = value.map(SQLiteValue.integer) ?? .null }
}
