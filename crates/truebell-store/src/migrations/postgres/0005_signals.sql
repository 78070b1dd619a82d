-- Signals (docs/formats/signals.md): what other systems are told of events.

-- A system that receives signals, as the operator allowed it.
CREATE TABLE signal_receivers (
    receiver bytea NOT NULL PRIMARY KEY,                        -- Its id.
    token bytea NOT NULL UNIQUE,                                -- SHA-256 of its token.
    scope bigint NOT NULL,                                      -- 0 manage, 1 read.
    subjects bigint NOT NULL,                                   -- How it is told whom a signal is about: 0 account, 1 opaque, 2 email.
    kinds bigint NOT NULL,                                      -- The types it may get at most, their numbers added up.
    everyone bigint NOT NULL,                                   -- 1 if it hears of every account it did not take out; 0 of those it named.
    algorithm bigint NOT NULL,                                  -- 0 EdDSA, 1 RS256.
    made bigint NOT NULL,                                       -- When.
    audience text COLLATE "C" NOT NULL,                         -- Its `aud`.
    name text COLLATE "C" NOT NULL UNIQUE                       -- The operator's name for it.
);

-- A receiver's stream.
CREATE TABLE signal_streams (
    stream bytea NOT NULL PRIMARY KEY,                          -- Its id.
    receiver bytea NOT NULL UNIQUE,                             -- Whose.
    status bigint NOT NULL,                                     -- 0 enabled, 1 paused, 2 disabled.
    delivered bigint NOT NULL,                                  -- The types it gets, their numbers added up.
    due bigint NOT NULL,                                        -- Not to be tried before.
    lease bigint NOT NULL,                                      -- Until when a server works on it.
    tries bigint NOT NULL,                                      -- Tries that failed since one did not.
    verified bigint NOT NULL,                                   -- When a verification was last asked for.
    sent bigint NOT NULL,                                       -- Signals delivered,
    refused bigint NOT NULL,                                    -- refused for good,
    dropped bigint NOT NULL,                                    -- and dropped, since it was made.
    last_sent bigint,                                           -- When one was last delivered.
    failed bigint,                                              -- When one last was not.
    header bytea,                                               -- A header for its endpoint, sealed by the server.
    failure text COLLATE "C",                                   -- Why it failed.
    reason text COLLATE "C",                                    -- Why it has its status, in its receiver's words.
    description text COLLATE "C",                               -- A note of its receiver's.
    endpoint text COLLATE "C" NOT NULL,                         -- Where signals are pushed; empty where they are fetched.
    requested text COLLATE "C" NOT NULL                         -- The types its receiver asked for, JSON; empty if it did not say.
);

-- Accounts a receiver named, or took out.
CREATE TABLE signal_subjects (
    stream bytea NOT NULL,                                      -- Which stream.
    account bytea NOT NULL,                                     -- Whose account.
    wanted bigint NOT NULL,                                     -- 1 named, 0 taken out.
    PRIMARY KEY (stream, account)
);
CREATE INDEX signal_subjects_of_account ON signal_subjects (account);

-- Signals that wait. They outlive the account they are about until they are delivered.
CREATE TABLE signals (
    signal bytea NOT NULL PRIMARY KEY,                          -- Its id, the same each time the same thing is told on the same stream.
    stream bytea NOT NULL,                                      -- Which stream.
    seq bigint NOT NULL,                                        -- Order within the stream: 1, 2, 3, …; 0 for what is told first.
    kind bigint NOT NULL,                                       -- The number of its type.
    at bigint NOT NULL,                                         -- When it was queued.
    subject bytea,                                              -- The account it is about; NULL for the stream itself.
    event bytea,                                                -- The event it tells of.
    key bytea,                                                  -- The account's signing key, to prove the event by.
    address text COLLATE "C",                                   -- The account's address then, for receivers that are told of it.
    address_to text COLLATE "C",                                -- Its new one, if it changed.
    body text COLLATE "C" NOT NULL                              -- The event's SET, or what makes a signal about the stream.
);
CREATE INDEX signals_of_stream ON signals (stream, seq, signal);
