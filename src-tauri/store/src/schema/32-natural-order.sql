-- The order of the list's entries that have no place of their own: the key by which their names sort naturally. The
-- program fills it in for what is there.
ALTER TABLE connection ADD COLUMN sort_key BLOB NOT NULL DEFAULT x'';
-- The first entries of each app are found without reading the others.
DROP INDEX connection_listed;
CREATE INDEX connection_listed ON connection (app_id, pinned DESC, position IS NULL, position, sort_key, id);
DROP INDEX connection_app;
-- What a team lacks, and what was rolled back, is counted without reading the connections.
CREATE INDEX connection_version ON connection (id, version);
CREATE INDEX shared_connection_conflict ON shared_connection (team_id) WHERE conflict IS NOT NULL;
