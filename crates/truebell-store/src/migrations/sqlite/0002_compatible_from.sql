-- What each step asks of the programs that work with it: the newest step they must know at least. A step that only adds asks for
-- no more than the steps before it did; one that takes something away asks for the first version that does not need it.
ALTER TABLE migrations ADD COLUMN compatible_from INTEGER NOT NULL DEFAULT 1;
