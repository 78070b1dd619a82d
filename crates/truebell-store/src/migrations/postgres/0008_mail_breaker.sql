-- How many people were told of one kind of thing in one hour: what is usual, and what is not. Names nobody.
CREATE TABLE mail_hours (
    template text COLLATE "C" NOT NULL,                         -- The kind.
    hour bigint NOT NULL,                                       -- Hours since 1970.
    people bigint NOT NULL,                                     -- Accounts told in it, each once a day.
    PRIMARY KEY (template, hour)
);

-- Kinds of mail that left their band, and what an operator let go.
CREATE TABLE mail_stops (
    template text COLLATE "C" NOT NULL,                         -- The kind.
    stopped bigint NOT NULL,                                    -- When it was stopped; 0 while it goes.
    hours bigint NOT NULL,                                      -- In how many hours too many were to be told: 1 or 24.
    people bigint NOT NULL,                                     -- How many.
    most bigint NOT NULL,                                       -- How many there may be.
    cleared bigint NOT NULL,                                    -- Mails queued until then go, uncounted: an operator said so.
    PRIMARY KEY (template)
);
