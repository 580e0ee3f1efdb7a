-- Which messages share pictures and films (0), other files (1), and links (2), so that a list of them reads no others.
-- The program fills it for the messages that are there.
CREATE TABLE shared (
  conversation_id INTEGER NOT NULL,
  kind            INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  -- As in `messages`.
  hidden_from     INTEGER,
  PRIMARY KEY (conversation_id, kind, seq)
) STRICT, WITHOUT ROWID;
