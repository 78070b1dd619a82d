-- Moving a database into another one while it serves. Neither table is carried: they are about this database.

-- What this database is in a move: one row, while it is part of one, and for ever in one that was left.
CREATE TABLE moves (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),           -- Always 1.
    role TEXT NOT NULL,                                         -- source, target, ready, live or moved.
    id BLOB NOT NULL,                                           -- Which move; the same in both databases.
    place TEXT NOT NULL,                                        -- Where the other one is, without a password.
    cursor TEXT NOT NULL,                                       -- In a target: how much of the source is here.
    step INTEGER NOT NULL,                                      -- In a target: how many steps were written.
    muted INTEGER NOT NULL,                                     -- 1 while a step is written: what the mover writes is not noted.
    state TEXT NOT NULL                                         -- What the server keeps about the move, JSON.
) STRICT;

-- Keys of rows that changed, noted by triggers that exist while a move does.
CREATE TABLE move_journal (
    seq INTEGER PRIMARY KEY,                                    -- In the order of the changes.
    owner TEXT,                                                 -- The account the row belongs to, hex.
    tbl TEXT NOT NULL,                                          -- The table.
    key TEXT NOT NULL                                           -- The row's key: hex and numbers, dots between.
) STRICT;
CREATE INDEX move_journal_by_key ON move_journal (tbl, key);
