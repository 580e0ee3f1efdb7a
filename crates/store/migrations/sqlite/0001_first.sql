CREATE TABLE users (
  id            INTEGER PRIMARY KEY,
  username      TEXT    NOT NULL,
  -- In lower case: usernames are compared without case.
  username_key  TEXT    NOT NULL UNIQUE,
  display_name  TEXT    NOT NULL,
  email         TEXT,
  password_hash TEXT    NOT NULL,
  verified      INTEGER NOT NULL DEFAULT 0,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE one_time_codes (
  user_id    INTEGER PRIMARY KEY REFERENCES users (id),
  hash       BLOB    NOT NULL,
  salt       BLOB    NOT NULL,
  expires_at INTEGER NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
  id           BLOB    PRIMARY KEY,
  user_id      INTEGER NOT NULL REFERENCES users (id),
  device       TEXT,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
  hash       BLOB    PRIMARY KEY,
  session_id BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  used       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE conversations (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  kind        INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  -- The two people of a direct conversation, the lower id first.
  direct_low  INTEGER,
  direct_high INTEGER,
  UNIQUE (direct_low, direct_high)
) STRICT;

CREATE TABLE members (
  conversation_id INTEGER NOT NULL,
  user_id         INTEGER NOT NULL,
  role            INTEGER NOT NULL,
  delivered_seq   INTEGER NOT NULL DEFAULT 0,
  read_seq        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_of_user ON members (user_id, conversation_id);

-- The log. Rows are only ever added; the text of a message changes in place, and the change is a row, too.
CREATE TABLE messages (
  -- The order of commitment of the whole store.
  position        INTEGER PRIMARY KEY,
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  kind            INTEGER NOT NULL,
  -- Of a change: the message that it changes.
  ref_seq         INTEGER,
  sender_id       INTEGER NOT NULL,
  -- 16 bytes where it is a UUID, else text.
  client_id       ANY,
  id              BLOB,
  timestamp       INTEGER NOT NULL,
  text            TEXT,
  reply_to        BLOB,
  edited_at       INTEGER,
  deleted_at      INTEGER,
  change_seq      INTEGER,
  -- Once it has changed: a digest of what it said at first, to know a repeat of it by.
  first_body      BLOB,
  UNIQUE (conversation_id, seq)
) STRICT;
-- The client id first: clients mint them in the order of time, so that rows go in at the end.
CREATE UNIQUE INDEX messages_by_client_id ON messages (client_id, sender_id) WHERE client_id IS NOT NULL;

-- The runs of the server on this log: a cursor says in which one it was given, so that those of another log, or of
-- what came after a copy was made that this log goes on from, are told apart.
CREATE TABLE epochs (
  number   INTEGER PRIMARY KEY,
  id       BLOB    NOT NULL,
  -- Where the log stood when it began.
  position INTEGER NOT NULL
) STRICT;
