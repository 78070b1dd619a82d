-- What the operator said about the server: maintenance and incidents, for the status page. Only ever added to; belongs to no account.
CREATE TABLE status_entries (
    entry BLOB NOT NULL PRIMARY KEY,                          -- Random; names it.
    at INTEGER NOT NULL,                                         -- When it was said.
    body TEXT NOT NULL                                        -- What, JSON.
) STRICT, WITHOUT ROWID;
