-- Whether a picture moves. Nobody looked at those that are there.
ALTER TABLE attachments ADD COLUMN animated INTEGER NOT NULL DEFAULT 0;
