-- The outbox: each result on its way to who asked for it. `next_at` is when the next attempt is due,
-- or when the lease of the present one ends.
CREATE TABLE callbacks (
    decision BLOB PRIMARY KEY,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    token BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    final_at INTEGER,
    next_at INTEGER,
    last_error TEXT,
    version INTEGER NOT NULL
) WITHOUT ROWID;

-- What is to be sent; what waits, was delivered or given up is not in it. By host, so that a hundred
-- thousand for one that hangs cost nothing to pass over.
CREATE INDEX callbacks_due ON callbacks (host, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX callbacks_exhausted ON callbacks (decision) WHERE state = 'exhausted';
