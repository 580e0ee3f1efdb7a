-- A conversation is shown with the number of its members and the first of them: those who lead, and then by number.
ALTER TABLE conversations ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET member_count =
  (SELECT count(*) FROM members WHERE conversation_id = conversations.id AND gone = 0);
CREATE INDEX members_by_role ON members (conversation_id, gone, role, user_id);
