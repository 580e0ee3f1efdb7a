-- What admins did, and what was done on the command line. People are named as text: an account may be removed later.
CREATE TABLE audit (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  at       INTEGER NOT NULL,
  -- NULL for the command line.
  by       TEXT,
  action   TEXT    NOT NULL,
  username TEXT,
  details  TEXT
) STRICT;

CREATE INDEX users_admins ON users (id) WHERE is_admin = 1;
CREATE INDEX users_disabled ON users (id) WHERE disabled = 1;
-- Admins find people of whom nobody has verified the account, too.
CREATE INDEX users_by_any_display_name ON users (display_key);
CREATE INDEX users_by_email ON users (lower(email)) WHERE email IS NOT NULL;

-- How many messages there are up to a position. Counted on from there when somebody asks: counting all would read the
-- whole log.
CREATE TABLE counted_messages (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  position INTEGER NOT NULL,
  messages INTEGER NOT NULL
) STRICT;
INSERT INTO counted_messages (id, position, messages) VALUES (1, 0, 0);

CREATE TABLE invites (
  -- Never given again, because accounts name it.
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  code       TEXT    NOT NULL UNIQUE,
  -- NULL for as many as want to.
  uses       INTEGER,
  used       INTEGER NOT NULL DEFAULT 0,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
-- With which invite somebody registered who has not verified the account yet.
ALTER TABLE users ADD COLUMN invite_number INTEGER;

-- What people told the admins. People are named as text, as in the audit log.
CREATE TABLE reports (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  id              BLOB    NOT NULL UNIQUE,
  by              TEXT    NOT NULL,
  username        TEXT    NOT NULL,
  -- Of a message: where it is and who sent it.
  conversation_id INTEGER,
  public_id       BLOB,
  message_id      BLOB,
  sender_id       INTEGER,
  reason          TEXT,
  -- JSON: the message and those around it, if they were shown.
  context         TEXT,
  created_at      INTEGER NOT NULL,
  resolved_at     INTEGER,
  resolved_by     TEXT,
  removed_at      INTEGER
) STRICT;
CREATE INDEX reports_open ON reports (by) WHERE resolved_at IS NULL;
CREATE INDEX reports_resolved ON reports (resolved_at) WHERE resolved_at IS NOT NULL;
