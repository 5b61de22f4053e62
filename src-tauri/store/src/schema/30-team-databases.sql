-- The name of a team's database, and the version of its schema when it was last opened.
ALTER TABLE team ADD COLUMN database_name TEXT;
ALTER TABLE team ADD COLUMN schema_version INTEGER;
