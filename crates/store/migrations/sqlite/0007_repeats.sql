-- When a refresh token was used, and what its successor is made from with it, until that is used: the last one that
-- was used may come again, because its answer may have been lost.
ALTER TABLE refresh_tokens ADD COLUMN used_at INTEGER;
ALTER TABLE refresh_tokens ADD COLUMN salt BLOB;
-- The hash of the successor.
ALTER TABLE refresh_tokens ADD COLUMN successor BLOB;
CREATE UNIQUE INDEX refresh_tokens_by_successor ON refresh_tokens (successor) WHERE successor IS NOT NULL;
