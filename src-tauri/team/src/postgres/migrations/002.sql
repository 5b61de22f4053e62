-- What machines read when they have missed notifications.
CREATE INDEX record_updated_at ON SCHEMA.record (updated_at);
CREATE TABLE SCHEMA.activity (
  id text PRIMARY KEY CHECK (length(id) = 32),
  record text NOT NULL REFERENCES SCHEMA.record (id) ON DELETE CASCADE,
  generation bigint NOT NULL,
  at timestamptz NOT NULL,
  entry bytea NOT NULL
);
CREATE INDEX activity_of_record ON SCHEMA.activity (record, at DESC);
