-- The token endpoint's last reply as it may be shown: every secret in it is described instead.
ALTER TABLE connection ADD COLUMN seen TEXT;
