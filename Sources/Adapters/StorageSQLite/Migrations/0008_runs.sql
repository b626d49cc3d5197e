-- One execution of a flow, or of an each's steps for one item. `beginning` is written once,
-- `progress` with each transition; the columns are what is asked for. Each index costs every
-- transition that changes one of its columns: none has a column that every transition changes.
CREATE TABLE runs (
    id BLOB PRIMARY KEY,
    root BLOB NOT NULL,
    parent BLOB,
    parent_step INTEGER,
    kind INTEGER NOT NULL,
    flow TEXT NOT NULL,
    release BLOB NOT NULL,
    each INTEGER,
    caller TEXT NOT NULL,
    key TEXT,
    started_at INTEGER NOT NULL,
    live INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    state TEXT NOT NULL,
    stage TEXT,
    stage_since INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    reason TEXT,
    fields TEXT,
    history INTEGER NOT NULL,
    version INTEGER NOT NULL,
    progress BLOB NOT NULL,
    beginning BLOB NOT NULL
);

CREATE INDEX runs_list ON runs (flow, state, kind, id);
-- What is stuck: live runs alone, however many have ended.
CREATE INDEX runs_stage ON runs (flow, stage, stage_since, id) WHERE live=1 AND stage IS NOT NULL;
CREATE INDEX runs_key ON runs (key, queued) WHERE live=1 AND key IS NOT NULL;
CREATE INDEX runs_children ON runs (parent, live, parent_step, id) WHERE parent IS NOT NULL;
CREATE INDEX runs_release ON runs (release, id) WHERE live=1;

-- The steps under way, and nothing else: what is ready, due or waited for is read from here. `work`
-- is the kind that an external worker asks for, empty where an engine does it.
CREATE TABLE steps (
    run BLOB NOT NULL,
    step INTEGER NOT NULL,
    work TEXT NOT NULL,
    flow TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    wait_kind TEXT,
    wait_key TEXT,
    epoch INTEGER NOT NULL,
    since INTEGER NOT NULL,
    due_at INTEGER,
    woken INTEGER NOT NULL,
    held INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, step)
) WITHOUT ROWID;

CREATE INDEX steps_ready ON steps (work, flow, priority DESC, since) WHERE woken=1 AND held=0;
CREATE INDEX steps_due ON steps (due_at) WHERE due_at IS NOT NULL AND held=0;
CREATE INDEX steps_wait ON steps (wait_kind, wait_key, since) WHERE wait_key IS NOT NULL;

-- What came for a waiting step and has not been taken in yet.
CREATE TABLE signals (
    run BLOB NOT NULL,
    step INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, step, number)
) WITHOUT ROWID;

INSERT INTO store VALUES ('last_signal', 0);

CREATE TABLE history (
    run BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    chance INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- Large values by their digests, and the trees of runs, by their outermost, that refer to them.
CREATE TABLE resources (
    digest BLOB PRIMARY KEY,
    bytes BLOB NOT NULL
);

CREATE TABLE resource_uses (
    root BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (root, digest)
) WITHOUT ROWID;

CREATE INDEX resource_uses_digest ON resource_uses (digest);

-- Typed values of runs, in the order of numbers and texts.
CREATE TABLE run_fields (
    flow TEXT NOT NULL,
    field TEXT NOT NULL,
    value NOT NULL,
    run BLOB NOT NULL,
    PRIMARY KEY (flow, field, value, run)
) WITHOUT ROWID;

-- How many runs are where: kept by the transitions, so that nobody counts. No stage is an empty one.
CREATE TABLE stage_counts (
    flow TEXT NOT NULL,
    kind INTEGER NOT NULL,
    stage TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (flow, kind, stage, state)
) WITHOUT ROWID;
