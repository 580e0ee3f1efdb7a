-- Closed accounts of which something is left to erase: it is erased piece by piece, also after a restart.
CREATE TABLE erasures (
  user_id         INTEGER PRIMARY KEY,
  -- 0 the messages stay with the others, 1 they are deleted.
  messages        INTEGER NOT NULL,
  -- The traces in the logs have been erased up to this entry, in the order of the conversations.
  conversation_id INTEGER NOT NULL DEFAULT 0,
  seq             INTEGER NOT NULL DEFAULT 0
) STRICT;

-- To find who has blocked somebody.
CREATE INDEX blocks_of_blocked ON blocks (blocked_id);
