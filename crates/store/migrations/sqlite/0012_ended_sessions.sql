-- Sessions and API tokens that ended in the last day: every server with sockets of them reads here that it is to cut them.
CREATE TABLE ended_sessions (
  -- Rises also when all rows are gone, so that whoever has read up to a number goes on from there.
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    INTEGER NOT NULL,
  session_id BLOB    NOT NULL,
  ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_sessions_by_time ON ended_sessions (ended_at);
