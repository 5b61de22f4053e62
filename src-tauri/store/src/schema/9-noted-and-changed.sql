-- The connections of which anything is noted are few: they are found without reading the others.
CREATE INDEX connection_noted ON connection (id)
    WHERE trouble IS NOT NULL OR kept_for IS NOT NULL OR retry_at IS NOT NULL OR told IS NOT NULL;
CREATE INDEX connection_disconnected ON connection (id) WHERE held IS NULL;

-- What was written, each thing once, numbered by its last change: so another process reads only that again. (What is
-- there is deleted first: the conflict clause of the statement that fires a trigger overrules those within it.)
CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    what   TEXT NOT NULL,
    id     TEXT NOT NULL,
    UNIQUE (what, id)
) STRICT;
CREATE TRIGGER connection_added AFTER INSERT ON connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = new.id;
    INSERT INTO change (what, id) VALUES ('connection', new.id);
END;
CREATE TRIGGER connection_changed AFTER UPDATE ON connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = new.id;
    INSERT INTO change (what, id) VALUES ('connection', new.id);
END;
CREATE TRIGGER connection_removed AFTER DELETE ON connection
BEGIN
    DELETE FROM change WHERE what = 'connection' AND id = old.id;
    INSERT INTO change (what, id) VALUES ('connection', old.id);
END;
CREATE TRIGGER attempt_added AFTER INSERT ON attempt
BEGIN
    DELETE FROM change WHERE what = 'attempt' AND id = new.id;
    INSERT INTO change (what, id) VALUES ('attempt', new.id);
END;
CREATE TRIGGER attempt_changed AFTER UPDATE ON attempt
BEGIN
    DELETE FROM change WHERE what = 'attempt' AND id = new.id;
    INSERT INTO change (what, id) VALUES ('attempt', new.id);
END;
CREATE TRIGGER attempt_removed AFTER DELETE ON attempt
BEGIN
    DELETE FROM change WHERE what = 'attempt' AND id = old.id;
    INSERT INTO change (what, id) VALUES ('attempt', old.id);
END;
CREATE TRIGGER app_added AFTER INSERT ON app
BEGIN
    DELETE FROM change WHERE what = 'app' AND id = '';
    INSERT INTO change (what, id) VALUES ('app', '');
END;
CREATE TRIGGER app_changed AFTER UPDATE ON app
BEGIN
    DELETE FROM change WHERE what = 'app' AND id = '';
    INSERT INTO change (what, id) VALUES ('app', '');
END;
CREATE TRIGGER app_removed AFTER DELETE ON app
BEGIN
    DELETE FROM change WHERE what = 'app' AND id = '';
    INSERT INTO change (what, id) VALUES ('app', '');
END;
CREATE TRIGGER vault_changed AFTER UPDATE ON vault
BEGIN
    DELETE FROM change WHERE what = 'vault' AND id = '';
    INSERT INTO change (what, id) VALUES ('vault', '');
END;
CREATE TRIGGER settings_set AFTER INSERT ON settings
BEGIN
    DELETE FROM change WHERE what = 'settings' AND id = '';
    INSERT INTO change (what, id) VALUES ('settings', '');
END;
CREATE TRIGGER settings_changed AFTER UPDATE ON settings
BEGIN
    DELETE FROM change WHERE what = 'settings' AND id = '';
    INSERT INTO change (what, id) VALUES ('settings', '');
END;
