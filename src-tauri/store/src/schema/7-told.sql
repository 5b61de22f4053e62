-- The version of the grant for which the person was notified that the connection needs attention; NULL otherwise.
ALTER TABLE connection ADD COLUMN told INTEGER;
