-- Accounts that were made for people of a host application.
CREATE TABLE host_accounts (
  user_id    INTEGER PRIMARY KEY REFERENCES users (id),
  -- Who vouches for them, and by which name.
  issuer     TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  -- Stands for a session behind all their tokens.
  session_id BLOB    NOT NULL UNIQUE,
  -- Tokens that were issued before are refused.
  not_before INTEGER,
  UNIQUE (issuer, subject)
) STRICT;
