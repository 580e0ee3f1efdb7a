-- The index of words, in a file of its own (`search.db`): it can be made anew from the log at any time, so it is not
-- migrated but begun again when this file changes and `VERSION` in index.rs with it.

CREATE TABLE state (
  -- The run of the store in which it was written last.
  epoch    BLOB    NOT NULL,
  -- The entries of the log up to here are in it.
  fts_upto INTEGER NOT NULL
) STRICT;

-- A row for each message that has words; its number is the message's position. What is put in are terms, apart by spaces: a word that
-- is made alike already, after the number of the conversation and a colon.
CREATE VIRTUAL TABLE message_words USING fts5 (
  words,
  content = '',
  contentless_delete = 1,
  detail = none,
  tokenize = "ascii tokenchars ':'"
);
