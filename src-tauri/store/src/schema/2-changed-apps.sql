-- The hosts that a connection's tokens may be sent to, as a list of origins; nothing for as long as the app's addresses
-- are those that the tokens came from.
ALTER TABLE connection ADD COLUMN kept_for TEXT;
