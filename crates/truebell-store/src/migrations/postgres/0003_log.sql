-- The transparency log (docs/formats/log.md): what every event is a leaf of. It outlives accounts and says nothing about them.

-- A leaf, written with its event. It waits until a job gives it a place.
CREATE TABLE log_leaves (
    place bigint,                                               -- Its place: 0, 1, 2, … without a gap; NULL while it waits.
    entry bytea NOT NULL PRIMARY KEY                            -- Digest of the event's digest. Nothing is in the log twice.
);
CREATE INDEX log_leaves_waiting ON log_leaves (entry) WHERE place IS NULL;

-- Tiles. The last of each level grows; what is in one never changes.
CREATE TABLE log_tiles (
    level bigint NOT NULL,                                      -- 0 leaves, 1 roots of full tiles of level 0, …
    place bigint NOT NULL,                                      -- Its place in the level.
    body bytea NOT NULL,                                        -- Up to 256 times 32 bytes: entries on level 0, hashes above.
    PRIMARY KEY (level, place)
);
-- Hashes do not compress.
ALTER TABLE log_tiles ALTER COLUMN body SET STORAGE EXTERNAL;

-- How far the log is: one row, from its first leaf or checkpoint on. Who gives places holds it.
CREATE TABLE log_head (
    one bigint NOT NULL PRIMARY KEY CHECK (one = 1),            -- Always 1.
    size bigint NOT NULL,                                       -- Leaves that have a place.
    published_size bigint NOT NULL,                             -- Size of the published checkpoint.
    published_at bigint NOT NULL,                               -- When it was published.
    published text COLLATE "C" NOT NULL                         -- The checkpoint, a signed note; empty before the first.
);
