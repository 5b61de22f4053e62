-- Who signed in: what the ID token says, and why the account is not known, or what of it does not agree.
ALTER TABLE connection ADD COLUMN id_claims TEXT;
ALTER TABLE connection ADD COLUMN identity_note TEXT;
-- The digest of the nonce that was sent, by which an ID token is known to answer this attempt.
ALTER TABLE attempt ADD COLUMN nonce_hash BLOB;
-- Whether another account may replace the connection's without a question.
ALTER TABLE attempt ADD COLUMN replaces_account INTEGER NOT NULL DEFAULT 0;
-- The connection that was to be authorized again, where another account signed in.
ALTER TABLE attempt ADD COLUMN meant_for TEXT REFERENCES connection (id) ON DELETE SET NULL;
