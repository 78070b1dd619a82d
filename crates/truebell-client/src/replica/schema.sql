-- The local copy of one account on one device (docs/formats/replica.md). Everything a server or a person put here is sealed or signed.

-- What there is one of: format, chain, record, as_of.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Sealed keysets, newest last. An older one goes only when a newer one was opened here.
CREATE TABLE keysets (
  place  INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch  INTEGER NOT NULL,
  sealed BLOB NOT NULL UNIQUE
);

-- Proven events, as SETs. `lost` marks those a restored server does not have any more; they stay proven.
CREATE TABLE events (
  seq    INTEGER NOT NULL,
  digest BLOB NOT NULL,
  body   TEXT NOT NULL,
  own    INTEGER NOT NULL,
  seen   INTEGER NOT NULL,
  lost   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (seq, digest)
);

-- Vaults. `made` is 0 until the server has it; `head` is CBOR of the signed head.
CREATE TABLE vaults (
  vault         BLOB PRIMARY KEY,
  key           BLOB NOT NULL,
  name_revision INTEGER NOT NULL,
  name          BLOB NOT NULL,
  head          BLOB NOT NULL,
  made          INTEGER NOT NULL
);

-- Every revision this device has: the history. `lost` as with events.
CREATE TABLE revisions (
  vault    BLOB NOT NULL,
  item     BLOB NOT NULL,
  number   INTEGER NOT NULL,
  digest   BLOB NOT NULL,
  prev     BLOB NOT NULL,
  kind     INTEGER NOT NULL,
  lost     INTEGER NOT NULL DEFAULT 0,
  overview BLOB NOT NULL,
  detail   BLOB NOT NULL,
  PRIMARY KEY (vault, item, number, digest)
);

-- The current revision of each item, as the vault's signed head has it.
CREATE TABLE items (
  vault  BLOB NOT NULL,
  item   BLOB NOT NULL,
  number INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (vault, item)
) WITHOUT ROWID;

-- Edits the server does not have, at most one per item, sealed as revision `base_number` + 1.
CREATE TABLE pending (
  vault       BLOB NOT NULL,
  item        BLOB NOT NULL,
  base_number INTEGER NOT NULL,
  base_digest BLOB NOT NULL,
  kind        INTEGER NOT NULL,
  overview    BLOB NOT NULL,
  detail      BLOB NOT NULL,
  PRIMARY KEY (vault, item)
);

-- Commits that were sent and not answered, word for word, at most one per vault.
CREATE TABLE inflight (
  vault BLOB PRIMARY KEY,
  body  BLOB NOT NULL
);

-- Sealed chunks of attachments. `uploaded` is 0 while they wait for the commit that names them.
CREATE TABLE chunks (
  attachment BLOB NOT NULL,
  place      INTEGER NOT NULL,
  vault      BLOB NOT NULL,
  item       BLOB NOT NULL,
  uploaded   INTEGER NOT NULL,
  sealed     BLOB NOT NULL,
  PRIMARY KEY (attachment, place)
);

-- Attachments of items that were deleted for good: the server is told once it has the tombstone.
CREATE TABLE removals (
  attachment BLOB PRIMARY KEY,
  vault      BLOB NOT NULL,
  item       BLOB NOT NULL
);

-- How the last exchanges were judged, as JSON.
CREATE TABLE trace (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  body  TEXT NOT NULL
);
