-- How many refusals in a row there were of a refresh that may pass: the third is final.
ALTER TABLE connection ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
