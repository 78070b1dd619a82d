-- The response to breaches (docs/formats/findings.md): sites, lists matched against them, and what was found.

-- A site whose accounts are protected.
CREATE TABLE sites (
    site BLOB NOT NULL,                                         -- Its id.
    made INTEGER NOT NULL,                                      -- When it was added.
    secrets BLOB NOT NULL,                                      -- Locations with their passwords and the key of its addresses, sealed by the server.
    definition TEXT NOT NULL,                                   -- What is no secret of it, JSON.
    name TEXT NOT NULL UNIQUE,                                  -- The operator's name for it.
    PRIMARY KEY (site)
) STRICT, WITHOUT ROWID;

-- Breach lists matched against a site.
CREATE TABLE breach_matches (
    matching BLOB NOT NULL,                                     -- Its id, the same whenever the same source is matched against the same site.
    site BLOB NOT NULL,                                         -- Which site.
    state INTEGER NOT NULL,                                     -- 0 reading the list, 1 joining with the source, 2 verifying, 3 done, 4 stopped.
    made INTEGER NOT NULL,                                      -- When it began.
    worker BLOB,                                                -- Who reads or joins.
    lease INTEGER NOT NULL,                                     -- Until when.
    secret BLOB NOT NULL,                                       -- The key of its digests and candidates, sealed by the server; empty once they are destroyed.
    source TEXT NOT NULL,                                       -- Where the list comes from, JSON.
    progress TEXT NOT NULL,                                     -- What was counted, JSON.
    PRIMARY KEY (matching)
) STRICT, WITHOUT ROWID;
CREATE INDEX breach_matches_of_site ON breach_matches (site, matching);

-- Accounts a list names: what is to be tried, and what was found.
CREATE TABLE breach_accounts (
    matching BLOB NOT NULL,                                     -- Which match.
    account BLOB NOT NULL,                                      -- A keyed digest of the site's own id.
    state INTEGER NOT NULL,                                     -- 0 named by the list, 1 waiting to be tried, 2 decided.
    relation INTEGER NOT NULL,                                  -- 1 the very address, 2 a linked one.
    turn INTEGER NOT NULL,                                      -- Smaller ones are tried first.
    worker BLOB,                                                -- Who tries it.
    lease INTEGER NOT NULL,                                     -- Until when.
    grade INTEGER,                                              -- 1 to 4; NULL if nothing was found.
    generation BLOB,                                            -- Of the verifier that was tried.
    found INTEGER,                                              -- When.
    sealed BLOB,                                                -- The account's id, and its verifier while it waits, sealed.
    tried INTEGER NOT NULL,                                     -- Pairs that were tried.
    word TEXT NOT NULL,                                         -- The verifier's format, or why there is no finding.
    PRIMARY KEY (matching, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX breach_accounts_in_turn ON breach_accounts (matching, state, turn, account);

-- Candidates: passwords beside addresses in a list, sealed.
CREATE TABLE breach_candidates (
    matching BLOB NOT NULL,                                     -- Which match.
    account BLOB NOT NULL,                                      -- Whose account.
    pair BLOB NOT NULL,                                         -- A keyed digest of account and password.
    relation INTEGER NOT NULL,                                  -- 1 beside the very address, 2 beside a linked one.
    sealed BLOB NOT NULL,                                       -- The password, sealed.
    PRIMARY KEY (matching, account, pair)
) STRICT, WITHOUT ROWID;
