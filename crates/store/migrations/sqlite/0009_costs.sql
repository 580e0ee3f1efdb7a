-- The ids of the members whom a message's text named when it was stored, eight bytes each; nothing in a message that
-- is older than this column, for which they are found when it is read.
ALTER TABLE messages ADD COLUMN mentions BLOB;

-- So that a page of history does not pass over what is not on it, however much that is: of an entry that is no message,
-- the seq of the newest message below it; of a message that is hidden from somebody, that of the newest below it which
-- is not. 0 where there is none. Filled in by the program for the entries that were there before.
ALTER TABLE messages ADD COLUMN below_seq INTEGER;

CREATE INDEX blocks_by_time ON blocks (user_id, created_at, blocked_id);
