-- What an exchange was for: 'request' if a person sent it to the API, something else if Grapnel sent it.
ALTER TABLE api_exchange ADD COLUMN kind TEXT NOT NULL DEFAULT '"request"';
-- The exchange that an entry tells about, which may have been deleted since.
ALTER TABLE activity ADD COLUMN exchange_id TEXT;
