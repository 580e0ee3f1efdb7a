-- The picture of a person: the SHA-256 of its bytes in each of two sizes.
ALTER TABLE users ADD COLUMN avatar_large BLOB;
ALTER TABLE users ADD COLUMN avatar_small BLOB;
-- To find out whether bytes belong to somebody.
CREATE INDEX users_by_avatar_large ON users (avatar_large) WHERE avatar_large IS NOT NULL;
CREATE INDEX users_by_avatar_small ON users (avatar_small) WHERE avatar_small IS NOT NULL;
