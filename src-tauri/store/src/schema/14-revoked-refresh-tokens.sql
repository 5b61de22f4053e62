-- Of an access token that is to be revoked: whether the provider revoked its refresh token, with which many delete it.
ALTER TABLE revocation ADD COLUMN is_refresh_revoked INTEGER NOT NULL DEFAULT 0;
