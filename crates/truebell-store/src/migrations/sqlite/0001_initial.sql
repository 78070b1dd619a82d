-- The first schema. Times are milliseconds since 1970; ids are 16 random bytes; digests and public keys are 32 bytes.
-- Columns stand in the order in which a dump carries them. Keys lead with the account or the vault.
-- The large tables keep rows with their blobs in the order they came (an index alone leads with the vault), so that pages are full.

-- Which steps of the schema were taken. A number this version does not know means that a newer one was here.
CREATE TABLE migrations (
    number INTEGER NOT NULL PRIMARY KEY,                        -- From 1 without a gap.
    name TEXT NOT NULL,                                         -- The file's name.
    checksum BLOB NOT NULL                                      -- SHA-256 of the file: a step once landed never changes.
) STRICT, WITHOUT ROWID;

-- Whose database this is: one row, written once.
CREATE TABLE identity (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),           -- Always 1.
    server BLOB NOT NULL,                                       -- The server's id.
    key BLOB NOT NULL,                                          -- The public half of the server's signing key.
    generation BLOB NOT NULL,                                   -- Random, made with the database.
    restore_epoch INTEGER NOT NULL,                             -- 0, and one more with each restore from a backup.
    created INTEGER NOT NULL                                    -- When.
) STRICT;

-- An account: what sign-in needs, and where it stands. What every request reads comes first.
CREATE TABLE accounts (
    account BLOB NOT NULL PRIMARY KEY,                          -- Its id.
    chain_seq INTEGER NOT NULL,                                 -- The last event's place in its chain.
    chain_digest BLOB NOT NULL,                                 -- That event's digest.
    epoch INTEGER NOT NULL,                                     -- The credential epoch.
    record INTEGER NOT NULL,                                    -- One more with each change of this row that its devices are told of.
    deletion_due INTEGER,                                       -- When it will be deleted, if that was asked for.
    totp_step INTEGER NOT NULL,                                 -- The last TOTP step that was used.
    totp BLOB,                                                  -- TOTP generator, sealed by the server, where a second factor is in force.
    email TEXT NOT NULL,                                        -- Mail address as the person wrote it.
    email_key TEXT NOT NULL UNIQUE,                             -- The same, normalised for comparison.
    signing BLOB NOT NULL,                                      -- Its public signing key. Never changes.
    opaque BLOB NOT NULL,                                       -- OPAQUE record, sealed by the server.
    keyset BLOB NOT NULL,                                       -- Its keyset, sealed on its devices for this epoch.
    kem BLOB NOT NULL                                           -- Its public KEM key. Never changes.
) STRICT;
CREATE INDEX accounts_to_delete ON accounts (deletion_due) WHERE deletion_due IS NOT NULL;

-- A device that was enrolled. A revoked one stays: its id is never used again.
CREATE TABLE devices (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    device BLOB NOT NULL UNIQUE,                                -- Its id, chosen by the device.
    key BLOB NOT NULL,                                          -- Its public key.
    name TEXT NOT NULL,                                         -- What the person calls it.
    platform TEXT NOT NULL,                                     -- What kind of machine it says it is.
    enrolled INTEGER NOT NULL,                                  -- When.
    revoked INTEGER,                                            -- When it was revoked.
    seen INTEGER NOT NULL,                                      -- When it last opened a session.
    PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

-- A session of a device. One that is over stays until it is swept; one that was ended is gone.
CREATE TABLE sessions (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    session BLOB NOT NULL,                                      -- Its id.
    device BLOB NOT NULL,                                       -- Its device.
    token BLOB NOT NULL UNIQUE,                                 -- SHA-256 of its token.
    opened INTEGER NOT NULL,                                    -- When.
    expires INTEGER NOT NULL,                                   -- Until when it is good.
    PRIMARY KEY (account, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_over ON sessions (expires);

-- Permission to enrol one device, from one password sign-in.
CREATE TABLE enrolments (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    token BLOB NOT NULL UNIQUE,                                 -- SHA-256 of its token.
    sign_in BLOB NOT NULL,                                      -- Digest of the sign-in state it came from.
    used_by BLOB,                                               -- The device it was used for, once it was.
    expires INTEGER NOT NULL,                                   -- Until when.
    PRIMARY KEY (account, token)
) STRICT, WITHOUT ROWID;

-- Sign-in states that were used up: each is good once.
CREATE TABLE sign_ins (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    sign_in BLOB NOT NULL,                                      -- Digest of the state.
    over INTEGER NOT NULL,                                      -- When the enrolment it gave expires, or when the credential change it proved was recorded.
    PRIMARY KEY (account, sign_in)
) STRICT, WITHOUT ROWID;

-- Invitations to sign up.
CREATE TABLE invitations (
    invitation BLOB NOT NULL PRIMARY KEY,                       -- Its digest.
    used INTEGER,                                               -- When it was used, once it was.
    expires INTEGER NOT NULL                                    -- Until when.
) STRICT, WITHOUT ROWID;

-- What happened to an account: a chain of signed events. Only ever added to.
CREATE TABLE events (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    seq INTEGER NOT NULL,                                       -- Place in the chain: 1, 2, 3, …
    event BLOB NOT NULL,                                        -- Its id.
    code TEXT NOT NULL,                                         -- Its check code.
    act BLOB NOT NULL,                                          -- Digest of the act inside, to know it again.
    body TEXT NOT NULL,                                         -- The SET.
    PRIMARY KEY (account, seq)
) STRICT;
CREATE INDEX events_by_code ON events (code, account, seq);

-- A vault and its signed head.
CREATE TABLE vaults (
    no INTEGER PRIMARY KEY,                                     -- Stands for the id in this database's large tables; in no dump.
    vault BLOB NOT NULL UNIQUE,                                 -- Its id.
    account BLOB NOT NULL REFERENCES accounts (account),        -- Its owner.
    seq INTEGER NOT NULL,                                       -- Its last commit.
    digest BLOB NOT NULL,                                       -- Digest of its signed head.
    dropped INTEGER NOT NULL,                                   -- The last commit in which a tombstone dropped revisions; 0 for none.
    created INTEGER NOT NULL,                                   -- When.
    creation BLOB NOT NULL,                                     -- Digest of the request that created it, to know it again.
    name_revision INTEGER NOT NULL,                             -- Revision of its name.
    key BLOB NOT NULL,                                          -- Its key, wrapped for the owner.
    name BLOB NOT NULL,                                         -- Its sealed name.
    head BLOB NOT NULL,                                         -- Its signed head, the bytes that were signed.
    signature BLOB NOT NULL                                     -- Their signature.
) STRICT;
CREATE INDEX vaults_of_account ON vaults (account, vault);

-- A vault's last 64 commits by their writers' numbers, so that a repeated one is known.
CREATE TABLE commits (
    vault_no INTEGER NOT NULL REFERENCES vaults (no),           -- Which vault.
    slot INTEGER NOT NULL,                                      -- seq modulo 64.
    seq INTEGER NOT NULL,                                       -- The commit.
    idempotency BLOB NOT NULL,                                  -- The writer's number.
    at INTEGER NOT NULL,                                        -- When.
    PRIMARY KEY (vault_no, slot)
) STRICT, WITHOUT ROWID;

-- Sealed revisions of items. Only ever added to, but for what a tombstone drops.
CREATE TABLE revisions (
    vault_no INTEGER NOT NULL REFERENCES vaults (no),           -- Which vault.
    seq INTEGER NOT NULL,                                       -- The commit it came in.
    item BLOB NOT NULL,                                         -- The item.
    number INTEGER NOT NULL,                                    -- 1, 2, 3, … within the item.
    kind INTEGER NOT NULL,                                      -- 0 live, 1 tombstone.
    prev BLOB,                                                  -- Digest of the revision before; NULL for the first.
    overview BLOB NOT NULL,                                     -- Sealed overview.
    detail BLOB NOT NULL                                        -- Sealed detail.
) STRICT;
CREATE UNIQUE INDEX revisions_by_commit ON revisions (vault_no, seq, item);
CREATE UNIQUE INDEX revisions_by_item ON revisions (vault_no, item, number);

-- Sealed chunks of attachments. A chunk never changes.
CREATE TABLE chunks (
    vault_no INTEGER NOT NULL REFERENCES vaults (no),           -- Which vault.
    attachment BLOB NOT NULL,                                   -- The attachment.
    place INTEGER NOT NULL,                                     -- Its place: 0, 1, 2, …
    at INTEGER NOT NULL,                                        -- When it came.
    sealed BLOB NOT NULL                                        -- The bytes.
) STRICT;
CREATE UNIQUE INDEX chunks_by_place ON chunks (vault_no, attachment, place);

-- Mails about events, and how far they are. They outlive their account until they are sent or refused: the person is still to be told.
CREATE TABLE mails (
    mail BLOB NOT NULL PRIMARY KEY,                             -- Its id.
    account BLOB NOT NULL,                                      -- Whom it is about.
    event BLOB NOT NULL,                                        -- The event it tells of.
    state INTEGER NOT NULL,                                     -- 0 queued, 1 claimed, 2 sent, 3 refused, 4 parked.
    queued INTEGER NOT NULL,                                    -- When it was queued.
    due INTEGER NOT NULL,                                       -- Not to be sent before.
    lease INTEGER NOT NULL,                                     -- Until when it is claimed; counts while it is.
    over INTEGER NOT NULL,                                      -- When it was sent or refused; counts once it was.
    tries INTEGER NOT NULL,                                     -- How often it was claimed.
    recipient TEXT NOT NULL,                                    -- To whom.
    template TEXT NOT NULL,                                     -- The template's name.
    details TEXT NOT NULL                                       -- What the template needs, JSON.
) STRICT;
CREATE INDEX mails_by_state ON mails (state, queued, mail);
CREATE INDEX mails_of_account ON mails (account);
