-- What happens again and again is one entry: how often, when last, and by what it is known.
ALTER TABLE activity ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE activity ADD COLUMN last_at TEXT;
ALTER TABLE activity ADD COLUMN repeats TEXT;
