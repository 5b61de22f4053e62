-- The authorization details (RFC 9396) that a sign-in asked for.
ALTER TABLE attempt ADD COLUMN authorization_details TEXT;
