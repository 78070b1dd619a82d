-- The response to breaches (docs/formats/findings.md): sites, lists matched against them, and what was found.

-- A site whose accounts are protected.
CREATE TABLE sites (
    site bytea NOT NULL,                                        -- Its id.
    made bigint NOT NULL,                                       -- When it was added.
    secrets bytea NOT NULL,                                     -- Locations with their passwords and the key of its addresses, sealed by the server.
    definition text COLLATE "C" NOT NULL,                       -- What is no secret of it, JSON.
    name text COLLATE "C" NOT NULL UNIQUE,                      -- The operator's name for it.
    PRIMARY KEY (site)
);

-- Breach lists matched against a site.
CREATE TABLE breach_matches (
    matching bytea NOT NULL,                                    -- Its id, the same whenever the same source is matched against the same site.
    site bytea NOT NULL,                                        -- Which site.
    state bigint NOT NULL,                                      -- 0 reading the list, 1 joining with the source, 2 verifying, 3 done, 4 stopped.
    made bigint NOT NULL,                                       -- When it began.
    worker bytea,                                               -- Who reads or joins.
    lease bigint NOT NULL,                                      -- Until when.
    secret bytea NOT NULL,                                      -- The key of its digests and candidates, sealed by the server; empty once they are destroyed.
    source text COLLATE "C" NOT NULL,                           -- Where the list comes from, JSON.
    progress text COLLATE "C" NOT NULL,                         -- What was counted, JSON.
    PRIMARY KEY (matching)
);
CREATE INDEX breach_matches_of_site ON breach_matches (site, matching);

-- Accounts a list names: what is to be tried, and what was found.
CREATE TABLE breach_accounts (
    matching bytea NOT NULL,                                    -- Which match.
    account bytea NOT NULL,                                     -- A keyed digest of the site's own id.
    state bigint NOT NULL,                                      -- 0 named by the list, 1 waiting to be tried, 2 decided.
    relation bigint NOT NULL,                                   -- 1 the very address, 2 a linked one.
    turn bigint NOT NULL,                                       -- Smaller ones are tried first.
    worker bytea,                                               -- Who tries it.
    lease bigint NOT NULL,                                      -- Until when.
    grade bigint,                                               -- 1 to 4; NULL if nothing was found.
    generation bytea,                                           -- Of the verifier that was tried.
    found bigint,                                               -- When.
    sealed bytea,                                               -- The account's id, and its verifier while it waits, sealed.
    tried bigint NOT NULL,                                      -- Pairs that were tried.
    word text COLLATE "C" NOT NULL,                             -- The verifier's format, or why there is no finding.
    PRIMARY KEY (matching, account)
);
CREATE INDEX breach_accounts_in_turn ON breach_accounts (matching, state, turn, account);

-- Candidates: passwords beside addresses in a list, sealed.
CREATE TABLE breach_candidates (
    matching bytea NOT NULL,                                    -- Which match.
    account bytea NOT NULL,                                     -- Whose account.
    pair bytea NOT NULL,                                        -- A keyed digest of account and password.
    relation bigint NOT NULL,                                   -- 1 beside the very address, 2 beside a linked one.
    sealed bytea NOT NULL,                                      -- The password, sealed.
    PRIMARY KEY (matching, account, pair)
);
