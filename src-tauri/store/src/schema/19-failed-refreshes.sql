-- When the last refresh failed, by the corrected clock.
ALTER TABLE connection ADD COLUMN failed_at TEXT;
