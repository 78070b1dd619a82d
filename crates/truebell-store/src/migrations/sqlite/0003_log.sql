-- The transparency log (docs/formats/log.md): what every event is a leaf of. It outlives accounts and says nothing about them.

-- A leaf, written with its event. It waits until a job gives it a place.
CREATE TABLE log_leaves (
    place INTEGER,                                              -- Its place: 0, 1, 2, … without a gap; NULL while it waits.
    entry BLOB NOT NULL PRIMARY KEY                             -- Digest of the event's digest. Nothing is in the log twice.
) STRICT, WITHOUT ROWID;
CREATE INDEX log_leaves_waiting ON log_leaves (entry) WHERE place IS NULL;

-- Tiles. The last of each level grows; what is in one never changes.
CREATE TABLE log_tiles (
    level INTEGER NOT NULL,                                     -- 0 leaves, 1 roots of full tiles of level 0, …
    place INTEGER NOT NULL,                                     -- Its place in the level.
    body BLOB NOT NULL,                                         -- Up to 256 times 32 bytes: entries on level 0, hashes above.
    PRIMARY KEY (level, place)
) STRICT;

-- How far the log is: one row, from its first leaf or checkpoint on.
CREATE TABLE log_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),           -- Always 1.
    size INTEGER NOT NULL,                                      -- Leaves that have a place.
    published_size INTEGER NOT NULL,                            -- Size of the published checkpoint.
    published_at INTEGER NOT NULL,                              -- When it was published.
    published TEXT NOT NULL                                     -- The checkpoint, a signed note; empty before the first.
) STRICT;
