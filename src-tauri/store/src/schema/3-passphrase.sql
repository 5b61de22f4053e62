-- A vault may be opened by a passphrase: how its key comes of one; nothing where the keyring has the key.
ALTER TABLE vault ADD COLUMN stretch TEXT;
-- The key of the vault before, by name, until it is gone from the keyring.
ALTER TABLE vault ADD COLUMN retired TEXT;
