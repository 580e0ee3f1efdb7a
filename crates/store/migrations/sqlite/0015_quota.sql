-- What all files of a user weigh, so that an upload does not add them up.
ALTER TABLE users ADD COLUMN files_weight INTEGER NOT NULL DEFAULT 0;
UPDATE users SET files_weight =
  (SELECT coalesce(sum(weight), 0) FROM attachments WHERE attachments.user_id = users.id);
CREATE TRIGGER attachment_added AFTER INSERT ON attachments BEGIN
  UPDATE users SET files_weight = files_weight + NEW.weight WHERE id = NEW.user_id;
END;
CREATE TRIGGER attachment_forgotten AFTER DELETE ON attachments BEGIN
  UPDATE users SET files_weight = files_weight - OLD.weight WHERE id = OLD.user_id;
END;
