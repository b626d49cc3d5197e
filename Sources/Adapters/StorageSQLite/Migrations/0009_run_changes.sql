-- That runs came into other states and stages, for those who follow them: appended with the
-- transition, under consecutive numbers, the oldest deleted in lots. No second index: it is read in
-- the order it is written, and every transition that adds a row would pay for one.
CREATE TABLE run_changes (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    run BLOB NOT NULL,
    root BLOB NOT NULL,
    flow TEXT NOT NULL,
    caller TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT,
    stage_since INTEGER NOT NULL,
    reason TEXT,
    version INTEGER NOT NULL
);
