-- Renewing by itself: what became of the tries since the last success. Times are by the corrected clock.
ALTER TABLE connection ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- When it is tried again; nothing where only a person helps.
ALTER TABLE connection ADD COLUMN retry_at TEXT;
-- Until then, who needs a token is told the trouble, and the provider is left alone.
ALTER TABLE connection ADD COLUMN quiet_until TEXT;
-- Whether an answer was lost that may have held new tokens.
ALTER TABLE connection ADD COLUMN answer_lost INTEGER NOT NULL DEFAULT 0;

-- Tokens of connections that are disconnected, which the provider has yet to be made to take back.
CREATE TABLE revocation (
    id            TEXT PRIMARY KEY,
    app_id        TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    connection_id TEXT REFERENCES connection (id) ON DELETE SET NULL,
    -- What the connection was called.
    name          TEXT NOT NULL,
    -- A refresh token or an access token, as JSON (RFC 7009 §2.1).
    kind          TEXT NOT NULL,
    sealed_token  BLOB NOT NULL,
    -- The hosts that it may be sent to, as a list of origins.
    kept_for      TEXT NOT NULL,
    begun_at      TEXT NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0,
    retry_at      TEXT NOT NULL
) STRICT;
CREATE INDEX revocation_connection ON revocation (connection_id);
CREATE INDEX revocation_app ON revocation (app_id);

-- One row at most: by how much the right time is ahead of the machine's clock.
CREATE TABLE clock (
    only               INTEGER PRIMARY KEY CHECK (only = 1),
    ahead_milliseconds INTEGER NOT NULL
) STRICT;
