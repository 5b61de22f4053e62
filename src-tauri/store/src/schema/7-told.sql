-- The grant for which the person was told that it needs them; nothing where they were told nothing, or all is well again.
ALTER TABLE connection ADD COLUMN told INTEGER;
