-- What a machine may read. A device with a row here is a machine, for ever, and a person's device has none.
CREATE TABLE machine_vaults (
    account BLOB NOT NULL REFERENCES accounts (account),        -- Whose.
    device BLOB NOT NULL,                                       -- The machine.
    vault BLOB NOT NULL,                                        -- A vault of that account.
    key BLOB NOT NULL,                                          -- The vault's key, sealed for the machine; empty once the machine was revoked.
    PRIMARY KEY (account, device, vault)
) STRICT, WITHOUT ROWID;
