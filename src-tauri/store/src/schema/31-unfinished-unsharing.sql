-- Whether the record is still to be ended: it could not be when its connection was unlinked here.
ALTER TABLE forgotten_record ADD COLUMN to_end INTEGER NOT NULL DEFAULT 0;
