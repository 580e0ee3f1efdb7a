-- When `muted` ends, in milliseconds since the epoch; NULL where it holds until it is taken back.
ALTER TABLE members ADD COLUMN muted_until INTEGER;
