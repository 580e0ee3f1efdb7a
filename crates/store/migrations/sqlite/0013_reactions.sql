-- Reactions ascend by emoji, so that a message's first ones with each emoji are read without the others.
ALTER TABLE reactions RENAME TO former_reactions;
CREATE TABLE reactions (
  conversation_id INTEGER NOT NULL,
  -- Of the message.
  seq             INTEGER NOT NULL,
  emoji           TEXT    NOT NULL,
  -- The seq of the reaction's own entry: their order.
  entry_seq       INTEGER NOT NULL,
  user_id         INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji, entry_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO reactions (conversation_id, seq, emoji, entry_seq, user_id)
  SELECT conversation_id, seq, emoji, entry_seq, user_id FROM former_reactions;
DROP TABLE former_reactions;
CREATE INDEX reactions_by_user ON reactions (conversation_id, seq, user_id, emoji);

-- How many reactions a message has with each emoji; no row where there are none.
CREATE TABLE reaction_counts (
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  emoji           TEXT    NOT NULL,
  count           INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji)
) STRICT, WITHOUT ROWID;
INSERT INTO reaction_counts (conversation_id, seq, emoji, count)
  SELECT conversation_id, seq, emoji, count(*) FROM reactions GROUP BY conversation_id, seq, emoji;
