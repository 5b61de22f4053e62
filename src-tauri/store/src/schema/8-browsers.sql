-- The program that opens the connection's pages, with its arguments; empty for the one that is set for all.
ALTER TABLE connection ADD COLUMN browser TEXT NOT NULL DEFAULT '';
-- The one that was chosen for this sign-in, for the connection that comes of it to keep; nothing where none was.
ALTER TABLE attempt ADD COLUMN browser TEXT;
