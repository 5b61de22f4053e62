-- The grant by which a sign-in obtains tokens. For a device code, the link that is stored encrypted is what the person
-- is shown, and the verifier is the device code.
ALTER TABLE attempt ADD COLUMN grant_type TEXT NOT NULL DEFAULT '"authorization_code"';
