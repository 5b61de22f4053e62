-- The ID token that came with the tokens, or with an earlier grant of the same sign-in.
ALTER TABLE connection ADD COLUMN sealed_id_token BLOB;
-- How old the authentication may be that a sign-in asked for, in seconds.
ALTER TABLE attempt ADD COLUMN max_age INTEGER;
