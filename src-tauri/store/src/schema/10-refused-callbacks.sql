-- Why the last answer to an attempt that waits was not accepted, for whoever waits for it in another process.
ALTER TABLE attempt ADD COLUMN refused TEXT;
