-- Requests to APIs that the person sent, with their responses: the newest of each connection, with credentials masked.
CREATE TABLE api_exchange (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    at              TEXT NOT NULL,
    sealed_summary  BLOB NOT NULL,
    sealed_exchange BLOB NOT NULL
) STRICT;
CREATE INDEX api_exchange_connection ON api_exchange (connection_id, at);

-- Requests that the person saved under a name.
CREATE TABLE saved_request (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    name          TEXT NOT NULL COLLATE NOCASE,
    sealed_draft  BLOB NOT NULL,
    UNIQUE (connection_id, name)
) STRICT;
