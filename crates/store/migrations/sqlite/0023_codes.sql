-- Codes for other ends than verifying an account, each of its own kind.
ALTER TABLE one_time_codes RENAME TO codes_before;
CREATE TABLE one_time_codes (
  user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- 0: verifying, 1: a new password, 2: another e-mail address.
  purpose    INTEGER NOT NULL,
  -- The address that asked; empty for the server's own machine.
  asker      TEXT    NOT NULL,
  hash       BLOB    NOT NULL,
  salt       BLOB    NOT NULL,
  expires_at INTEGER NOT NULL,
  -- By the address that asked for it.
  tries      INTEGER NOT NULL DEFAULT 0,
  -- By all others.
  others     INTEGER NOT NULL DEFAULT 0,
  -- The e-mail address that the code proves.
  email      TEXT,
  PRIMARY KEY (user_id, purpose, asker)
) STRICT, WITHOUT ROWID;
INSERT INTO one_time_codes (user_id, purpose, asker, hash, salt, expires_at, tries, others)
  SELECT user_id, 0, asker, hash, salt, expires_at, tries, others FROM codes_before;
DROP TABLE codes_before;
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);

-- Whether a code was sent to the address and entered.
ALTER TABLE users ADD COLUMN email_proven INTEGER NOT NULL DEFAULT 0;

-- Notices that wait to be sent. Codes are not among them: they are drawn when a notice is sent.
CREATE TABLE notices (
  number       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         INTEGER NOT NULL,
  username     TEXT,
  email        TEXT,
  asker        TEXT    NOT NULL,
  language     TEXT    NOT NULL,
  requested_at INTEGER NOT NULL,
  failures     INTEGER NOT NULL DEFAULT 0,
  due_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_by_time ON notices (due_at);
