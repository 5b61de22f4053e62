-- This person as a member of teams, and this computer. At most one row.
CREATE TABLE team_identity (
    id              TEXT PRIMARY KEY,
    machine_id      TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    sealed_identity BLOB NOT NULL
) STRICT;

-- The teams that this person is a member of.
CREATE TABLE team (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE COLLATE NOCASE,
    host               TEXT NOT NULL,
    schema_name        TEXT NOT NULL,
    member_id          TEXT NOT NULL,
    role               TEXT NOT NULL,
    sealed_url         BLOB NOT NULL,
    sealed_identity    BLOB,
    members            TEXT NOT NULL,
    membership_version INTEGER NOT NULL,
    seen               TEXT NOT NULL,
    reached_at         TEXT,
    unreachable        TEXT
) STRICT;

-- The connections that are shared with a team. What the connection's grant_version is not the version of, the team does
-- not have yet; nor the app, while app_edits is not 0.
CREATE TABLE shared_connection (
    connection_id      TEXT PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
    team_id            TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    record_id          TEXT NOT NULL,
    record_version     INTEGER NOT NULL,
    key_generation     INTEGER NOT NULL,
    definition_counter INTEGER NOT NULL,
    grant_number       INTEGER NOT NULL,
    sign_in_number     INTEGER NOT NULL,
    signed_in_at       TEXT,
    grant_version      INTEGER NOT NULL,
    refreshed          TEXT,
    pending_since      TEXT,
    conflict           TEXT,
    unsharing          TEXT,
    app_counter        INTEGER NOT NULL,
    app_edits          INTEGER NOT NULL,
    UNIQUE (team_id, record_id)
) STRICT;

-- The records of a team that the person removed here, or that are no longer shared: they are not taken in again.
CREATE TABLE forgotten_record (
    team_id   TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    record_id TEXT NOT NULL,
    PRIMARY KEY (team_id, record_id)
) STRICT;
CREATE TRIGGER team_added AFTER INSERT ON team
BEGIN
    DELETE FROM change WHERE what = 'team' AND id = '';
    INSERT INTO change (what, id) VALUES ('team', '');
END;
CREATE TRIGGER team_changed AFTER UPDATE ON team
BEGIN
    DELETE FROM change WHERE what = 'team' AND id = '';
    INSERT INTO change (what, id) VALUES ('team', '');
END;
CREATE TRIGGER team_removed AFTER DELETE ON team
BEGIN
    DELETE FROM change WHERE what = 'team' AND id = '';
    INSERT INTO change (what, id) VALUES ('team', '');
END;
CREATE TRIGGER shared_connection_added AFTER INSERT ON shared_connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = new.connection_id;
    INSERT INTO change (what, id) VALUES ('connection', new.connection_id);
END;
CREATE TRIGGER shared_connection_changed AFTER UPDATE ON shared_connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = new.connection_id;
    INSERT INTO change (what, id) VALUES ('connection', new.connection_id);
END;
CREATE TRIGGER shared_connection_removed AFTER DELETE ON shared_connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = old.connection_id;
    INSERT INTO change (what, id) VALUES ('connection', old.connection_id);
END;
