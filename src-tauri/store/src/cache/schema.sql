-- What was browsed, so that it can be read, filtered and searched without the provider. No secret is here, and
-- nothing that cannot be had again: a file of another version is thrown away.
-- A list as it was read: the projects of a connection, the posts of a project, the things of a kind. Its entries
-- are the rows from `first` on, `size` of them, in the provider's order.
CREATE TABLE list (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL,
    kind          TEXT NOT NULL,
    -- The thing that they are within, such as a project; empty for none.
    within        TEXT NOT NULL,
    -- The filters that the provider was asked with; empty for all there are.
    narrowed      TEXT NOT NULL,
    as_of         TEXT NOT NULL,
    first         INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    facets        TEXT NOT NULL,
    UNIQUE (connection_id, kind, within, narrowed)
) STRICT;

-- What entries are filtered and sorted by, in rows as short as can be: they are all walked. Times are Unix seconds.
CREATE TABLE entry (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL,
    title        TEXT NOT NULL,
    folded       TEXT NOT NULL,
    status       TEXT,
    author       TEXT,
    category     TEXT,
    word_count   INTEGER,
    created_on   INTEGER,
    last_update  INTEGER,
    post_publish INTEGER,
    -- Its body, and its words.
    body         INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_body ON entry (body);

-- The whole of it: a post as it came, anything else as it was read. It stays where it is when the list is read again,
-- and so do its words, which take the longest to write.
CREATE TABLE body (
    id   INTEGER PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE words USING fts5 (
    title, slug, author, category, note,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
-- So that the words of a long list are sorted in memory, and written once.
INSERT INTO words (words, rank) VALUES ('hashsize', 4194304);
