//! Pictures of people and groups.

use async_trait::async_trait;
use domain::store::{Avatar, AvatarStore, GroupAvatar, SetGroupAvatar, StoreError, UserId};
use protocol::ConversationId;
use rusqlite::{Connection, OptionalExtension, params};

use super::attachment::forget_unnamed;
use super::avatar_columns::{COLUMNS, avatar};
use super::{SqliteStore, group};

#[async_trait]
impl AvatarStore for SqliteStore {
    async fn set_avatar(&self, user: UserId, new: Option<Avatar>) -> Result<Option<Avatar>, StoreError> {
        let set = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
            let mut select = connection.prepare_cached(&sql)?;
            let before = select.query_row([user.0], |row| avatar(row, 0)).optional()?.flatten();
            let sql =
                "UPDATE users SET avatar_large = ?, avatar_small = ? WHERE id = ? AND deleted_at IS NULL";
            let [large, small] = [new.map(|new| new.large.0), new.map(|new| new.small.0)];
            connection.prepare_cached(sql)?.execute(params![large, small, user.0])?;
            for hash in new.iter().flat_map(Avatar::blobs) {
                forget_unnamed(connection, hash)?;
            }
            Ok(before)
        };
        self.writer.run(set).await
    }

    async fn set_group_avatar(&self, change: GroupAvatar) -> Result<Option<SetGroupAvatar>, StoreError> {
        self.writer.run_with_heads(move |writing| group::set_avatar(writing, change)).await
    }

    async fn group_avatar(
        &self,
        reader: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Avatar>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM conversations JOIN members ON conversation_id = id \
                 WHERE public_id = ? AND user_id = ? AND gone = 0"
            );
            let values = params![conversation.as_bytes(), reader.0];
            let found =
                connection.prepare_cached(&sql)?.query_row(values, |row| avatar(row, 0)).optional()?;
            Ok(found.flatten())
        };
        self.readers.by_key(reader, read).await
    }
}
