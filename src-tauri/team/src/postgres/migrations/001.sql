-- Random IDs, versions, times and ciphertext. The checks bound what a role that may write costs those who read; times
-- are such as every client can represent. SCHEMA is replaced by the quoted name of the team's schema.
CREATE TABLE SCHEMA.team (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  id text NOT NULL CHECK (length(id) = 32),
  generation bigint NOT NULL CHECK (generation BETWEEN 1 AND 4294967295),
  version bigint NOT NULL CHECK (version BETWEEN 1 AND 9007199254740991),
  document bytea NOT NULL CHECK (octet_length(document) <= 4259840)
);
-- Each member's keys of the current generation, encrypted for that member.
CREATE TABLE SCHEMA.member (
  id text PRIMARY KEY CHECK (length(id) = 32),
  keys bytea NOT NULL CHECK (octet_length(keys) <= 4096)
);
CREATE TABLE SCHEMA.record (
  id text PRIMARY KEY CHECK (length(id) = 32),
  lookup bytea NOT NULL UNIQUE CHECK (length(lookup) = 32),
  version bigint NOT NULL CHECK (version BETWEEN 1 AND 9007199254740991),
  generation bigint NOT NULL CHECK (generation BETWEEN 1 AND 4294967295),
  write_id text NOT NULL CHECK (octet_length(write_id) <= 64),
  tokens bytea NOT NULL CHECK (octet_length(tokens) <= 1048576),
  definition bytea NOT NULL CHECK (octet_length(definition) <= 1048576),
  app bytea NOT NULL CHECK (octet_length(app) <= 1048576),
  begun_at timestamptz CHECK (begun_at BETWEEN '2000-01-01' AND '9000-01-01'),
  begun_by text CHECK (octet_length(begun_by) <= 64),
  updated_at timestamptz NOT NULL CHECK (updated_at BETWEEN '2000-01-01' AND '9000-01-01')
);
