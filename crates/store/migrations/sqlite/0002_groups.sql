ALTER TABLE conversations ADD COLUMN title TEXT;
-- What a new member may read: 0 from their joining on, 1 everything.
ALTER TABLE conversations ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
-- The seq of the last change of the conversation itself.
ALTER TABLE conversations ADD COLUMN changed_seq INTEGER NOT NULL DEFAULT 0;

-- Entries up to here were before the member came: they are not sent to them.
ALTER TABLE members ADD COLUMN joined_after INTEGER NOT NULL DEFAULT 0;
-- Messages up to here are not the member's to see.
ALTER TABLE members ADD COLUMN visible_after INTEGER NOT NULL DEFAULT 0;
-- Whether they are in it no longer; kept for the names on their messages.
ALTER TABLE members ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;

-- Who had blocked the sender when it was sent.
ALTER TABLE messages ADD COLUMN hidden_from INTEGER;

CREATE TABLE reactions (
  conversation_id INTEGER NOT NULL,
  -- Of the message.
  seq             INTEGER NOT NULL,
  -- The seq of the reaction's own entry: their order.
  entry_seq       INTEGER NOT NULL,
  user_id         INTEGER NOT NULL,
  emoji           TEXT    NOT NULL,
  PRIMARY KEY (conversation_id, seq, entry_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
  user_id    INTEGER NOT NULL,
  blocked_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, blocked_id)
) STRICT, WITHOUT ROWID;
