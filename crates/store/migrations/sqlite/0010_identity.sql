-- What tells this database from another, and from an older copy of itself.
CREATE TABLE identity (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  -- Rises before each time that the file `identity` beside the database is written with it.
  stamp   INTEGER NOT NULL,
  -- 1 while a server runs on it.
  running INTEGER NOT NULL,
  -- How long servers have run on it, in milliseconds, whatever the clock on the wall said.
  age     INTEGER NOT NULL
) STRICT;
INSERT INTO identity (id, stamp, running, age) VALUES (1, 0, 0, 0);

-- The bytes that were found in the folder of attachments while no upload had them, and at which age.
CREATE TABLE unnamed_blobs (
  hash       BLOB    PRIMARY KEY,
  first_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- At which age an upload was first found to be carried by no message.
ALTER TABLE attachments ADD COLUMN unused_since INTEGER;
DROP INDEX attachments_unused;
CREATE INDEX attachments_unused ON attachments (unused_since) WHERE uses = 0;
