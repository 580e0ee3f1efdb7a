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
