-- Signals (docs/formats/signals.md): what other systems are told of events.

-- A system that receives signals, as the operator allowed it.
CREATE TABLE signal_receivers (
    receiver BLOB NOT NULL PRIMARY KEY,                         -- Its id.
    token BLOB NOT NULL UNIQUE,                                 -- SHA-256 of its token.
    scope INTEGER NOT NULL,                                     -- 0 manage, 1 read.
    subjects INTEGER NOT NULL,                                  -- How it is told whom a signal is about: 0 account, 1 opaque, 2 email.
    kinds INTEGER NOT NULL,                                     -- The types it may get at most, their numbers added up.
    everyone INTEGER NOT NULL,                                  -- 1 if it hears of every account it did not take out; 0 of those it named.
    algorithm INTEGER NOT NULL,                                 -- 0 EdDSA, 1 RS256.
    made INTEGER NOT NULL,                                      -- When.
    audience TEXT NOT NULL,                                     -- Its `aud`.
    name TEXT NOT NULL UNIQUE                                   -- The operator's name for it.
) STRICT, WITHOUT ROWID;

-- A receiver's stream.
CREATE TABLE signal_streams (
    stream BLOB NOT NULL PRIMARY KEY,                           -- Its id.
    receiver BLOB NOT NULL UNIQUE,                              -- Whose.
    status INTEGER NOT NULL,                                    -- 0 enabled, 1 paused, 2 disabled.
    delivered INTEGER NOT NULL,                                 -- The types it gets, their numbers added up.
    due INTEGER NOT NULL,                                       -- Not to be tried before.
    lease INTEGER NOT NULL,                                     -- Until when a server works on it.
    tries INTEGER NOT NULL,                                     -- Tries that failed since one did not.
    verified INTEGER NOT NULL,                                  -- When a verification was last asked for.
    sent INTEGER NOT NULL,                                      -- Signals delivered,
    refused INTEGER NOT NULL,                                   -- refused for good,
    dropped INTEGER NOT NULL,                                   -- and dropped, since it was made.
    last_sent INTEGER,                                          -- When one was last delivered.
    failed INTEGER,                                             -- When one last was not.
    header BLOB,                                                -- A header for its endpoint, sealed by the server.
    failure TEXT,                                               -- Why it failed.
    reason TEXT,                                                -- Why it has its status, in its receiver's words.
    description TEXT,                                           -- A note of its receiver's.
    endpoint TEXT NOT NULL,                                     -- Where signals are pushed; empty where they are fetched.
    requested TEXT NOT NULL                                     -- The types its receiver asked for, JSON; empty if it did not say.
) STRICT, WITHOUT ROWID;

-- Accounts a receiver named, or took out.
CREATE TABLE signal_subjects (
    stream BLOB NOT NULL,                                       -- Which stream.
    account BLOB NOT NULL,                                      -- Whose account.
    wanted INTEGER NOT NULL,                                    -- 1 named, 0 taken out.
    PRIMARY KEY (stream, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX signal_subjects_of_account ON signal_subjects (account);

-- Signals that wait. They outlive the account they are about until they are delivered.
CREATE TABLE signals (
    signal BLOB NOT NULL PRIMARY KEY,                           -- Its id, the same each time the same thing is told on the same stream.
    stream BLOB NOT NULL,                                       -- Which stream.
    seq INTEGER NOT NULL,                                       -- Order within the stream: 1, 2, 3, …; 0 for what is told first.
    kind INTEGER NOT NULL,                                      -- The number of its type.
    at INTEGER NOT NULL,                                        -- When it was queued.
    subject BLOB,                                               -- The account it is about; NULL for the stream itself.
    event BLOB,                                                 -- The event it tells of.
    key BLOB,                                                   -- The account's signing key, to prove the event by.
    address TEXT,                                               -- The account's address then, for receivers that are told of it.
    address_to TEXT,                                            -- Its new one, if it changed.
    body TEXT NOT NULL                                          -- The event's SET, or what makes a signal about the stream.
) STRICT;
CREATE INDEX signals_of_stream ON signals (stream, seq, signal);
