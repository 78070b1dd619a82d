-- What the operator said about the server: maintenance and incidents, for the status page. Only ever added to; belongs to no account.
CREATE TABLE status_entries (
    entry bytea NOT NULL PRIMARY KEY,                          -- Random; names it.
    at bigint NOT NULL,                                         -- When it was said.
    body text COLLATE "C" NOT NULL                                        -- What, JSON.
);
