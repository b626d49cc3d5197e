-- Releases whose files are gone: nothing new may be of one of them. Keeping one again ends that.
CREATE TABLE removed_releases (
    release BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    person TEXT NOT NULL
) WITHOUT ROWID;
