-- A code for each address that asked for one, so that a stranger's tries and wishes are not the person's.
ALTER TABLE one_time_codes RENAME TO codes_before;
CREATE TABLE one_time_codes (
  user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The address that asked; empty for the server's own machine.
  asker      TEXT    NOT NULL,
  hash       BLOB    NOT NULL,
  salt       BLOB    NOT NULL,
  expires_at INTEGER NOT NULL,
  -- By the address that asked for it.
  tries      INTEGER NOT NULL DEFAULT 0,
  -- By all others.
  others     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, asker)
) STRICT, WITHOUT ROWID;
INSERT INTO one_time_codes (user_id, asker, hash, salt, expires_at, tries)
  SELECT user_id, '', hash, salt, expires_at, tries FROM codes_before;
DROP TABLE codes_before;
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);

-- Accounts that give their usernames up.
CREATE INDEX users_unverified ON users (created_at) WHERE verified = 0;
