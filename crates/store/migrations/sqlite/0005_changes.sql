-- What an entry of a group's log changed, for those who read it later; who did it and when is in the log.
CREATE TABLE changes (
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  -- 0 the title, 1 what new members may read, 2 who came, 3 who is gone, 4 somebody's role.
  what            INTEGER NOT NULL,
  user_id         INTEGER NOT NULL DEFAULT 0,
  value           ANY,
  PRIMARY KEY (conversation_id, seq, what, user_id)
) STRICT, WITHOUT ROWID;
