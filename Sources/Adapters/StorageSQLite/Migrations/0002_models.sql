-- Projection: what the calls of a policy to a model came to in a quarter of an hour.
CREATE TABLE tallies (
    quarter INTEGER NOT NULL,
    policy TEXT NOT NULL,
    model TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (quarter, policy, model)
) WITHOUT ROWID;

-- How each model's circuit breaker stands, for other processes.
CREATE TABLE models (
    model TEXT PRIMARY KEY,
    breaker TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
) WITHOUT ROWID;

-- Answers that may be given again. They decide nothing: a row lost is a call made.
CREATE TABLE answers (
    key BLOB PRIMARY KEY,
    version TEXT NOT NULL,
    body BLOB NOT NULL,
    kept_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX answers_expiry ON answers (expires_at);
