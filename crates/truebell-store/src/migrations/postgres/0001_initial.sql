-- The first schema. Times are milliseconds since 1970; ids are 16 random bytes; digests and public keys are 32 bytes.
-- Columns stand in the order in which a dump carries them. Keys lead with the account or the vault.
-- Texts compare by their bytes, so that an order is the same on every machine and on both databases.

-- Which steps of the schema were taken. A number this version does not know means that a newer one was here.
CREATE TABLE migrations (
    number bigint NOT NULL PRIMARY KEY,                         -- From 1 without a gap.
    name text COLLATE "C" NOT NULL,                             -- The file's name.
    checksum bytea NOT NULL                                     -- SHA-256 of the file: a step once landed never changes.
);

-- Whose database this is: one row, written once.
CREATE TABLE identity (
    one bigint NOT NULL PRIMARY KEY CHECK (one = 1),            -- Always 1.
    server bytea NOT NULL,                                      -- The server's id.
    key bytea NOT NULL,                                         -- The public half of the server's signing key.
    generation bytea NOT NULL,                                  -- Random, made with the database.
    restore_epoch bigint NOT NULL,                              -- 0, and one more with each restore from a backup.
    created bigint NOT NULL                                     -- When.
);

-- An account: what sign-in needs, and where it stands. What every request reads comes first.
CREATE TABLE accounts (
    account bytea NOT NULL PRIMARY KEY,                         -- Its id.
    chain_seq bigint NOT NULL,                                  -- The last event's place in its chain.
    chain_digest bytea NOT NULL,                                -- That event's digest.
    epoch bigint NOT NULL,                                      -- The credential epoch.
    record bigint NOT NULL,                                     -- One more with each change of this row that its devices are told of.
    deletion_due bigint,                                        -- When it will be deleted, if that was asked for.
    totp_step bigint NOT NULL,                                  -- The last TOTP step that was used.
    totp bytea,                                                 -- TOTP generator, sealed by the server, where a second factor is in force.
    email text COLLATE "C" NOT NULL,                            -- Mail address as the person wrote it.
    email_key text COLLATE "C" NOT NULL UNIQUE,                 -- The same, normalised for comparison.
    signing bytea NOT NULL,                                     -- Its public signing key. Never changes.
    opaque bytea NOT NULL,                                      -- OPAQUE record, sealed by the server.
    keyset bytea NOT NULL,                                      -- Its keyset, sealed on its devices for this epoch.
    kem bytea NOT NULL                                          -- Its public KEM key. Never changes.
);
CREATE INDEX accounts_to_delete ON accounts (deletion_due) WHERE deletion_due IS NOT NULL;

-- A device that was enrolled. A revoked one stays: its id is never used again.
CREATE TABLE devices (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    device bytea NOT NULL UNIQUE,                               -- Its id, chosen by the device.
    key bytea NOT NULL,                                         -- Its public key.
    name text COLLATE "C" NOT NULL,                             -- What the person calls it.
    platform text COLLATE "C" NOT NULL,                         -- What kind of machine it says it is.
    enrolled bigint NOT NULL,                                   -- When.
    revoked bigint,                                             -- When it was revoked.
    seen bigint NOT NULL,                                       -- When it last opened a session.
    PRIMARY KEY (account, device)
);

-- A session of a device. One that is over stays until it is swept; one that was ended is gone.
CREATE TABLE sessions (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    session bytea NOT NULL,                                     -- Its id.
    device bytea NOT NULL,                                      -- Its device.
    token bytea NOT NULL UNIQUE,                                -- SHA-256 of its token.
    opened bigint NOT NULL,                                     -- When.
    expires bigint NOT NULL,                                    -- Until when it is good.
    PRIMARY KEY (account, session)
);
CREATE INDEX sessions_over ON sessions (expires);

-- Permission to enrol one device, from one password sign-in.
CREATE TABLE enrolments (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    token bytea NOT NULL UNIQUE,                                -- SHA-256 of its token.
    sign_in bytea NOT NULL,                                     -- Digest of the sign-in state it came from.
    used_by bytea,                                              -- The device it was used for, once it was.
    expires bigint NOT NULL,                                    -- Until when.
    PRIMARY KEY (account, token)
);

-- Sign-in states that were used up: each is good once.
CREATE TABLE sign_ins (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    sign_in bytea NOT NULL,                                     -- Digest of the state.
    over bigint NOT NULL,                                       -- When the enrolment it gave expires, or when the credential change it proved was recorded.
    PRIMARY KEY (account, sign_in)
);

-- Invitations to sign up.
CREATE TABLE invitations (
    invitation bytea NOT NULL PRIMARY KEY,                      -- Its digest.
    used bigint,                                                -- When it was used, once it was.
    expires bigint NOT NULL                                     -- Until when.
);

-- What happened to an account: a chain of signed events. Only ever added to.
CREATE TABLE events (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    seq bigint NOT NULL,                                        -- Place in the chain: 1, 2, 3, …
    event bytea NOT NULL,                                       -- Its id.
    code text COLLATE "C" NOT NULL,                             -- Its check code.
    act bytea NOT NULL,                                         -- Digest of the act inside, to know it again.
    body text COLLATE "C" NOT NULL,                             -- The SET.
    PRIMARY KEY (account, seq)
);
CREATE INDEX events_by_code ON events (code, account, seq);

-- A vault and its signed head.
CREATE TABLE vaults (
    vault bytea NOT NULL PRIMARY KEY,                           -- Its id.
    account bytea NOT NULL REFERENCES accounts (account),       -- Its owner.
    seq bigint NOT NULL,                                        -- Its last commit.
    digest bytea NOT NULL,                                      -- Digest of its signed head.
    dropped bigint NOT NULL,                                    -- The last commit in which a tombstone dropped revisions; 0 for none.
    created bigint NOT NULL,                                    -- When.
    creation bytea NOT NULL,                                    -- Digest of the request that created it, to know it again.
    name_revision bigint NOT NULL,                              -- Revision of its name.
    key bytea NOT NULL,                                         -- Its key, wrapped for the owner.
    name bytea NOT NULL,                                        -- Its sealed name.
    head bytea NOT NULL,                                        -- Its signed head, the bytes that were signed.
    signature bytea NOT NULL                                    -- Their signature.
);
CREATE INDEX vaults_of_account ON vaults (account, vault);

-- A vault's last 64 commits by their writers' numbers, so that a repeated one is known.
CREATE TABLE commits (
    vault bytea NOT NULL REFERENCES vaults (vault),             -- Which vault.
    slot bigint NOT NULL,                                       -- seq modulo 64.
    seq bigint NOT NULL,                                        -- The commit.
    idempotency bytea NOT NULL,                                 -- The writer's number.
    at bigint NOT NULL,                                         -- When.
    PRIMARY KEY (vault, slot)
);

-- Sealed revisions of items. Only ever added to, but for what a tombstone drops.
CREATE TABLE revisions (
    vault bytea NOT NULL REFERENCES vaults (vault),             -- Which vault.
    seq bigint NOT NULL,                                        -- The commit it came in.
    item bytea NOT NULL,                                        -- The item.
    number bigint NOT NULL,                                     -- 1, 2, 3, … within the item.
    kind bigint NOT NULL,                                       -- 0 live, 1 tombstone.
    prev bytea,                                                 -- Digest of the revision before; NULL for the first.
    overview bytea NOT NULL,                                    -- Sealed overview.
    detail bytea NOT NULL,                                      -- Sealed detail.
    PRIMARY KEY (vault, seq, item)
);
CREATE UNIQUE INDEX revisions_by_item ON revisions (vault, item, number);

-- Sealed chunks of attachments. A chunk never changes.
CREATE TABLE chunks (
    vault bytea NOT NULL REFERENCES vaults (vault),             -- Which vault.
    attachment bytea NOT NULL,                                  -- The attachment.
    place bigint NOT NULL,                                      -- Its place: 0, 1, 2, …
    at bigint NOT NULL,                                         -- When it came.
    sealed bytea NOT NULL,                                      -- The bytes.
    PRIMARY KEY (vault, attachment, place)
);

-- Mails about events, and how far they are. They outlive their account until they are sent or refused: the person is still to be told.
CREATE TABLE mails (
    mail bytea NOT NULL PRIMARY KEY,                            -- Its id.
    account bytea NOT NULL,                                     -- Whom it is about.
    event bytea NOT NULL,                                       -- The event it tells of.
    state bigint NOT NULL,                                      -- 0 queued, 1 claimed, 2 sent, 3 refused, 4 parked.
    queued bigint NOT NULL,                                     -- When it was queued.
    due bigint NOT NULL,                                        -- Not to be sent before.
    lease bigint NOT NULL,                                      -- Until when it is claimed; counts while it is.
    over bigint NOT NULL,                                       -- When it was sent or refused; counts once it was.
    tries bigint NOT NULL,                                      -- How often it was claimed.
    recipient text COLLATE "C" NOT NULL,                        -- To whom.
    template text COLLATE "C" NOT NULL,                         -- The template's name.
    details text COLLATE "C" NOT NULL                           -- What the template needs, JSON.
);
CREATE INDEX mails_by_state ON mails (state, queued, mail);
CREATE INDEX mails_of_account ON mails (account);
