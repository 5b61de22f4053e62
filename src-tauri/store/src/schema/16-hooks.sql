-- Commands that run at events of connections. The event is within the encrypted command.
CREATE TABLE hook (
    id             TEXT PRIMARY KEY,
    sealed_command BLOB NOT NULL,
    last_run       TEXT
) STRICT;

-- Each connection as it was when the hooks last ran for it, also after it was removed. Filled while there is a hook.
CREATE TABLE hook_snapshot (
    connection_id TEXT PRIMARY KEY,
    snapshot      TEXT NOT NULL
) STRICT;
