-- At which age the database was last put beside files that may be those of another one: as an older copy that was
-- accepted, or without the file `identity`.
ALTER TABLE identity ADD COLUMN doubted INTEGER;
