-- Moving a database into another one while it serves. Neither table is carried: they are about this database.

-- What this database is in a move: one row, while it is part of one, and for ever in one that was left.
CREATE TABLE moves (
    one bigint NOT NULL PRIMARY KEY CHECK (one = 1),            -- Always 1.
    role text COLLATE "C" NOT NULL,                             -- source, target, ready, live or moved.
    id bytea NOT NULL,                                          -- Which move; the same in both databases.
    place text COLLATE "C" NOT NULL,                            -- Where the other one is, without a password.
    cursor text COLLATE "C" NOT NULL,                           -- In a target: how much of the source is here.
    step bigint NOT NULL,                                       -- In a target: how many steps were written.
    state text COLLATE "C" NOT NULL                             -- What the server keeps about the move, JSON.
);

-- Keys of rows that changed, noted by triggers that exist while a move does.
CREATE TABLE move_journal (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,        -- Roughly in the order of the changes.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),             -- The transaction of the change.
    owner text COLLATE "C",                                     -- The account the row belongs to, hex.
    tbl text COLLATE "C" NOT NULL,                              -- The table.
    key text COLLATE "C" NOT NULL                               -- The row's key: hex and numbers, dots between.
);
CREATE INDEX move_journal_by_key ON move_journal (tbl, key);
