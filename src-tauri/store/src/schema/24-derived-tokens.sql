-- Tokens that token exchange (RFC 8693) issued for a connection's access token. No token: the last exchange failed.
CREATE TABLE derived_token (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    target_key    TEXT NOT NULL,
    target        TEXT NOT NULL,
    sealed_token  BLOB,
    issued        TEXT,
    error         TEXT,
    quiet_until   TEXT,
    changed_at    TEXT NOT NULL,
    UNIQUE (connection_id, target_key)
) STRICT;
CREATE TRIGGER derived_token_added AFTER INSERT ON derived_token
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = new.connection_id;
    INSERT INTO change (what, id) VALUES ('connection', new.connection_id);
END;
CREATE TRIGGER derived_token_removed AFTER DELETE ON derived_token
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = old.connection_id;
    INSERT INTO change (what, id) VALUES ('connection', old.connection_id);
END;
