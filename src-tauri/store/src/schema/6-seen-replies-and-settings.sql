-- The token endpoint's last reply as it may be shown: every secret in it is described instead.
ALTER TABLE connection ADD COLUMN seen TEXT;
-- One row at most: what the person set for all of Grapnel, as JSON.
CREATE TABLE settings (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value TEXT NOT NULL
) STRICT;
