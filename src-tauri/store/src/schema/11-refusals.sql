-- How many refusals in a row there were of a refresh that may pass: the third is final.
ALTER TABLE connection ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- When a new sign-in is needed, where that is known; from when the person is told; and of which they were told.
ALTER TABLE connection ADD COLUMN sign_in_due TEXT;
ALTER TABLE connection ADD COLUMN notice_from TEXT;
ALTER TABLE connection ADD COLUMN noticed TEXT;
UPDATE connection SET sign_in_due = held ->> '$.expires_at', notice_from = held ->> '$.expires_at'
    WHERE sealed_refresh IS NULL AND held ->> '$.expires_at' IS NOT NULL;
CREATE INDEX connection_notice ON connection (id) WHERE notice_from IS NOT NULL;
