//! Pictures of people and groups.

use async_trait::async_trait;
use domain::store::{Avatar, AvatarStore, BlobHash, StoreError, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::attachment::forget_unnamed;

/// The columns in the order in which [`avatar`] reads them.
pub(super) const COLUMNS: &str = "avatar_large, avatar_small";

/// The picture in a row whose columns begin with this one.
pub(super) fn avatar(row: &Row<'_>, first: usize) -> Result<Option<Avatar>, rusqlite::Error> {
    let large = row.get::<_, Option<[u8; 32]>>(first)?.map(BlobHash);
    let small = row.get::<_, Option<[u8; 32]>>(first + 1)?.map(BlobHash);
    Ok(large.zip(small).map(|(large, small)| Avatar { large, small }))
}

#[async_trait]
impl AvatarStore for SqliteStore {
    async fn set_avatar(&self, user: UserId, new: Option<Avatar>) -> Result<Option<Avatar>, StoreError> {
        let set = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
            let mut select = connection.prepare_cached(&sql)?;
            let before = select.query_row([user.0], |row| avatar(row, 0)).optional()?.flatten();
            let sql = "UPDATE users SET avatar_large = ?, avatar_small = ? WHERE id = ?";
            let [large, small] = [new.map(|new| new.large.0), new.map(|new| new.small.0)];
            connection.prepare_cached(sql)?.execute(params![large, small, user.0])?;
            for hash in new.iter().flat_map(Avatar::blobs) {
                forget_unnamed(connection, hash)?;
            }
            Ok(before)
        };
        self.writer.run(set).await
    }
}
