-- The picture of a group: the SHA-256 of its bytes in each of two sizes.
ALTER TABLE conversations ADD COLUMN avatar_large BLOB;
ALTER TABLE conversations ADD COLUMN avatar_small BLOB;
-- To find out whether bytes belong to a group.
CREATE INDEX conversations_by_avatar_large ON conversations (avatar_large) WHERE avatar_large IS NOT NULL;
CREATE INDEX conversations_by_avatar_small ON conversations (avatar_small) WHERE avatar_small IS NOT NULL;
