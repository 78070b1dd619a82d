-- How many people were told of one kind of thing in one hour: what is usual, and what is not. Names nobody.
CREATE TABLE mail_hours (
    template TEXT NOT NULL,                                     -- The kind.
    hour INTEGER NOT NULL,                                      -- Hours since 1970.
    people INTEGER NOT NULL,                                    -- Accounts told in it, each once a day.
    PRIMARY KEY (template, hour)
) STRICT, WITHOUT ROWID;

-- Kinds of mail that left their band, and what an operator let go.
CREATE TABLE mail_stops (
    template TEXT NOT NULL,                                     -- The kind.
    stopped INTEGER NOT NULL,                                   -- When it was stopped; 0 while it goes.
    hours INTEGER NOT NULL,                                     -- In how many hours too many were to be told: 1 or 24.
    people INTEGER NOT NULL,                                    -- How many.
    most INTEGER NOT NULL,                                      -- How many there may be.
    cleared INTEGER NOT NULL,                                   -- Mails queued until then go, uncounted: an operator said so.
    PRIMARY KEY (template)
) STRICT, WITHOUT ROWID;
