-- Whether nobody is told when they are connected.
ALTER TABLE users ADD COLUMN hide_presence INTEGER NOT NULL DEFAULT 0;
-- When their last device left.
ALTER TABLE users ADD COLUMN last_seen_at INTEGER;
-- The display name as it is searched, in lower case; filled in by the program, which knows more letters than SQLite.
ALTER TABLE users ADD COLUMN display_key TEXT;

-- For finding people by the beginning of a name. Who shows no name but the username is found by that.
CREATE INDEX users_by_username ON users (username_key) WHERE verified = 1;
CREATE INDEX users_by_display_name ON users (display_key) WHERE verified = 1 AND display_key <> username_key;
