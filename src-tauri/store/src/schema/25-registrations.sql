-- How the app's client was registered (RFC 7591), and the token to read, change and delete that registration.
ALTER TABLE app ADD COLUMN registration TEXT;
ALTER TABLE app ADD COLUMN sealed_registration BLOB;
