-- The log: one row an entry, in the order of the chain.
CREATE TABLE entries (
    sequence INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    previous INTEGER NOT NULL,
    bytes BLOB NOT NULL
);

-- What an entry has only digests of; redaction deletes here and nowhere else.
CREATE TABLE payloads (
    sequence INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

-- Projection. Identifiers are ordered by time, so rows are appended.
CREATE TABLE decisions (
    id BLOB PRIMARY KEY,
    policy TEXT NOT NULL,
    release BLOB NOT NULL,
    key TEXT,
    source TEXT NOT NULL,
    caller TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    route TEXT,
    reason TEXT NOT NULL,
    because TEXT NOT NULL,
    confidence REAL,
    threshold REAL,
    cost INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    lease_until INTEGER,
    retry_at INTEGER,
    asked_at INTEGER,
    review BLOB,
    last_entry INTEGER NOT NULL,
    input_entry INTEGER NOT NULL,
    output_entry INTEGER NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;

-- What an engine resumes; every other state is not in it.
CREATE INDEX decisions_asking ON decisions (id) WHERE state = 'asking';

-- Projection. `body` holds the review; the columns are what is asked for.
CREATE TABLE reviews (
    id BLOB PRIMARY KEY,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    decision BLOB NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX reviews_open ON reviews (id) WHERE state = 'open';
CREATE INDEX reviews_decision ON reviews (decision);

-- Which step came before, by its key. A job's keys follow each other, so its claims are appended.
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE claims (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    decision BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

CREATE TABLE files (
    digest BLOB PRIMARY KEY,
    bytes BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE release_files (
    release BLOB NOT NULL,
    path TEXT NOT NULL,
    file BLOB NOT NULL,
    PRIMARY KEY (release, path)
) WITHOUT ROWID;

CREATE TABLE store (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
