-- The private key that the tokens of a connection are bound to (DPoP), and that of a sign-in until its tokens are
-- stored.
ALTER TABLE connection ADD COLUMN sealed_dpop BLOB;
ALTER TABLE attempt ADD COLUMN sealed_dpop BLOB;
