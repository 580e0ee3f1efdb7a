CREATE TABLE attachments (
  id             BLOB    PRIMARY KEY,
  user_id        INTEGER NOT NULL,
  -- The SHA-256 of the bytes: the name of their file.
  hash           BLOB    NOT NULL,
  name           TEXT    NOT NULL,
  type           TEXT    NOT NULL,
  size           INTEGER NOT NULL,
  -- What it counts for in the quota.
  weight         INTEGER NOT NULL,
  width          INTEGER,
  height         INTEGER,
  -- The SHA-256 of the bytes of the small picture.
  thumbnail_hash BLOB,
  created_at     INTEGER NOT NULL,
  -- How many messages carry it.
  uses           INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_of_user ON attachments (user_id, weight);
CREATE INDEX attachments_by_hash ON attachments (hash);
CREATE INDEX attachments_by_thumbnail ON attachments (thumbnail_hash) WHERE thumbnail_hash IS NOT NULL;
CREATE INDEX attachments_unused ON attachments (created_at) WHERE uses = 0;

CREATE TABLE message_attachments (
  conversation_id INTEGER NOT NULL,
  -- Of the message.
  seq             INTEGER NOT NULL,
  -- In the order of the sender.
  place           INTEGER NOT NULL,
  attachment_id   BLOB    NOT NULL,
  PRIMARY KEY (conversation_id, seq, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_of_attachment ON message_attachments (attachment_id, conversation_id, seq);

-- How many a message carries; nothing where it carries none, so that nothing is looked for.
ALTER TABLE messages ADD COLUMN attachments INTEGER;
