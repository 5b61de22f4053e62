-- Random IDs, versions, times and ciphertext. SCHEMA is replaced by the quoted name of the team's schema.
CREATE TABLE SCHEMA.team (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  id text NOT NULL,
  generation bigint NOT NULL,
  version bigint NOT NULL,
  document bytea NOT NULL
);
-- Each member's keys of the current generation, encrypted for that member.
CREATE TABLE SCHEMA.member (
  id text PRIMARY KEY CHECK (length(id) = 32),
  keys bytea NOT NULL
);
CREATE TABLE SCHEMA.record (
  id text PRIMARY KEY CHECK (length(id) = 32),
  lookup bytea NOT NULL UNIQUE CHECK (length(lookup) = 32),
  version bigint NOT NULL CHECK (version > 0 AND version < 9007199254740992),
  generation bigint NOT NULL,
  write_id text NOT NULL,
  tokens bytea NOT NULL,
  definition bytea NOT NULL,
  app bytea NOT NULL,
  begun_at timestamptz,
  begun_by text,
  updated_at timestamptz NOT NULL
);
