-- What a machine may read. A device with a row here is a machine, for ever, and a person's device has none.
CREATE TABLE machine_vaults (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose.
    device bytea NOT NULL,                                      -- The machine.
    vault bytea NOT NULL,                                       -- A vault of that account.
    key bytea NOT NULL,                                         -- The vault's key, sealed for the machine; empty once the machine was revoked.
    PRIMARY KEY (account, device, vault)
);
