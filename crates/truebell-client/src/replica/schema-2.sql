-- What came with the second version: the server's transparency log (docs/formats/log.md). What is remembered of it is `log` in `meta`.

-- Proofs that events are in it, as tlog-proofs, by the digest of the event.
CREATE TABLE log_proofs (
  digest BLOB PRIMARY KEY,
  proof  TEXT NOT NULL
) WITHOUT ROWID;
