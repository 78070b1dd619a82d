-- What takes a notice back: a link of the account's chain about an event before it. Each side says it of an event once.
CREATE TABLE retractions (
    account bytea NOT NULL REFERENCES accounts (account),       -- Whose notice.
    of_seq bigint NOT NULL,                                     -- Place of the event in the chain.
    side bigint NOT NULL,                                       -- Who takes it back: 0 the account, 1 the operator.
    seq bigint NOT NULL,                                        -- Place of the link that does.
    PRIMARY KEY (account, of_seq, side)
);
