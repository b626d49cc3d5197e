-- Keys of requests, which are forgotten after a day: three tables take turns by days. The present
-- day's takes new ones, the day before's is looked at too, and the third is emptied meanwhile. Each
-- has a few hours of keys near each other, where one table of all would be written all over.
CREATE TABLE keys_0 (claim BLOB PRIMARY KEY, decision BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE keys_1 (claim BLOB PRIMARY KEY, decision BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE keys_2 (claim BLOB PRIMARY KEY, decision BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;

-- Which day each table has the keys of.
CREATE TABLE key_days (slot INTEGER PRIMARY KEY, day INTEGER NOT NULL);
INSERT INTO key_days VALUES (0, -3), (1, -2), (2, -1);
