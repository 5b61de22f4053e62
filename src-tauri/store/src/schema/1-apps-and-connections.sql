-- Everything that Grapnel keeps. Secrets are in the columns named sealed_*, and only there; times are
-- RFC 3339 in UTC; lists and records are JSON.
-- One row at most: the vault that the secrets here are sealed in.
CREATE TABLE vault (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    name        TEXT NOT NULL,
    vault_check BLOB NOT NULL
) STRICT;

CREATE TABLE app (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
    provider      TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    sealed_secret BLOB,
    redirect_uri  TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    projects      TEXT NOT NULL,
    overrides     TEXT NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;

CREATE TABLE connection (
    id              TEXT PRIMARY KEY,
    app_id          TEXT NOT NULL REFERENCES app (id),
    name            TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created_at      TEXT NOT NULL,
    -- Counts every change of the grant, so that an answer that comes late does not replace a newer one.
    version         INTEGER NOT NULL DEFAULT 0,
    -- The grant: nothing in these once disconnected.
    sealed_access   BLOB,
    sealed_refresh  BLOB,
    held            TEXT,
    -- What the provider said of it.
    scopes          TEXT NOT NULL DEFAULT '[]',
    project_ids     TEXT NOT NULL DEFAULT '[]',
    deviations      TEXT NOT NULL DEFAULT '[]',
    account         TEXT,
    application     TEXT,
    authorization   TEXT,
    introspected_at TEXT,
    claims          TEXT,
    -- What went wrong last, and when a refresh was begun whose answer was not seen yet.
    trouble         TEXT,
    refresh_begun   TEXT
) STRICT;
CREATE INDEX connection_app ON connection (app_id);

CREATE TABLE attempt (
    id              TEXT PRIMARY KEY,
    app_id          TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
    connection_id   TEXT REFERENCES connection (id) ON DELETE CASCADE,
    -- What a new connection is to be called; nothing for the app's name.
    name            TEXT,
    -- By this the callback finds its attempt, without the state being kept.
    state_hash      BLOB NOT NULL UNIQUE,
    sealed_verifier BLOB,
    sealed_url      BLOB,
    redirect_uri    TEXT NOT NULL,
    phase           TEXT NOT NULL,
    started_at      TEXT NOT NULL,
    expires_at      TEXT NOT NULL,
    exchange        TEXT NOT NULL,
    error           TEXT
) STRICT;

CREATE TABLE activity (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at            TEXT NOT NULL,
    kind          TEXT NOT NULL,
    text          TEXT NOT NULL,
    connection_id TEXT REFERENCES connection (id) ON DELETE CASCADE,
    app_id        TEXT REFERENCES app (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX activity_connection ON activity (connection_id, id);
