-- Who kept a release, when and why; its files are in release_files.
CREATE TABLE releases (
    release BLOB PRIMARY KEY,
    kept_at INTEGER NOT NULL,
    person TEXT NOT NULL,
    note TEXT
) WITHOUT ROWID;

INSERT INTO releases SELECT DISTINCT release, 0, '', NULL FROM release_files;

-- What went live when; the last row is live. `before` is where a rollback returns to.
CREATE TABLE promotions (
    number INTEGER PRIMARY KEY,
    release BLOB NOT NULL,
    act TEXT NOT NULL,
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    before INTEGER
);
