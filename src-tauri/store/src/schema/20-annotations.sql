-- What the person notes about a connection for themselves: a note, a label by which lists are grouped, whether it is
-- pinned to the top of the list, and its place in an order of the person's own. No place: by name.
ALTER TABLE connection ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE connection ADD COLUMN label TEXT;
ALTER TABLE connection ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connection ADD COLUMN position INTEGER;
-- The first entries of the list are found without reading the rows.
CREATE INDEX connection_listed ON connection (name, id, app_id, pinned, position);
