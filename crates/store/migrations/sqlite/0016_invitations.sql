-- Who may add the person to a group without asking: 0 everybody, 1 people whom they write to, 2 nobody.
ALTER TABLE users ADD COLUMN add_me INTEGER NOT NULL DEFAULT 0;

CREATE TABLE invitations (
  conversation_id INTEGER NOT NULL,
  user_id         INTEGER NOT NULL,
  -- Who invites them.
  by_id           INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  -- When it was declined: kept for a while, so that they are not asked again. NULL while it waits.
  declined_at     INTEGER,
  PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_of_user ON invitations (user_id, created_at, conversation_id);
