CREATE TABLE SCHEMA.activity (
  id text PRIMARY KEY CHECK (length(id) = 32),
  record text NOT NULL REFERENCES SCHEMA.record (id) ON DELETE CASCADE,
  generation bigint NOT NULL CHECK (generation BETWEEN 1 AND 4294967295),
  at timestamptz NOT NULL CHECK (at BETWEEN '2000-01-01' AND '9000-01-01'),
  entry bytea NOT NULL CHECK (octet_length(entry) <= 8192)
);
CREATE INDEX activity_of_record ON SCHEMA.activity (record, at DESC);
