use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::store::{
    AttachmentRecord, AttachmentStore, BlobHash, ConversationKey, MessageRecord, Picture, StoreAge,
    StoreError, UserId,
};
use protocol::{AttachmentId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::erasure::is_deleted;
use super::lane::NOBODY;

/// The columns in the order in which `record` reads them.
const COLUMNS: &str =
    "id, user_id, hash, name, type, size, width, height, thumbnail_hash, created_at, animated";

fn record(row: &Row<'_>) -> Result<AttachmentRecord, rusqlite::Error> {
    let size: Option<(u32, u32)> = row
        .get::<_, Option<u32>>(6)?
        .map(|width| Ok::<_, rusqlite::Error>((width, row.get(7)?)))
        .transpose()?;
    let thumbnail = row.get::<_, Option<[u8; 32]>>(8)?.map(BlobHash);
    let animated = row.get(10)?;
    Ok(AttachmentRecord {
        id: AttachmentId::from_bytes(row.get(0)?),
        owner: UserId(row.get(1)?),
        hash: BlobHash(row.get(2)?),
        name: row.get(3)?,
        kind: row.get(4)?,
        size: row.get(5)?,
        picture: size.map(|(width, height)| Picture { width, height, animated, thumbnail }),
        created_at: Timestamp::from_millis(row.get(9)?),
    })
}

/// These uploads, or `None` if one of them is missing or belongs to another user.
pub(super) fn of_owner(
    connection: &Connection,
    owner: UserId,
    ids: &[AttachmentId],
) -> Result<Option<Vec<Arc<AttachmentRecord>>>, rusqlite::Error> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let sql = format!("SELECT {COLUMNS} FROM attachments WHERE id = ? AND user_id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = ids.iter().map(|id| {
        statement
            .query_row(params![id.as_bytes(), owner.0], record)
            .optional()
            .map(|found| found.map(Arc::new))
    });
    found.collect()
}

/// The attachments of a message, in the sender's order.
pub(super) fn of_message(
    connection: &Connection,
    conversation: ConversationKey,
    seq: u64,
) -> Result<Vec<Arc<AttachmentRecord>>, rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message_attachments JOIN attachments ON id = attachment_id \
         WHERE conversation_id = ? AND seq = ? ORDER BY place"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(params![conversation.0, seq], |row| record(row).map(Arc::new))?.collect()
}

/// Stores the attachments of a message that was just inserted, and counts their uses.
pub(super) fn carry(connection: &Connection, message: &MessageRecord) -> Result<(), rusqlite::Error> {
    if message.attachments.is_empty() {
        return Ok(());
    }
    let (conversation, seq) = (message.conversation.0, message.seq);
    let sql =
        "INSERT INTO message_attachments (conversation_id, seq, place, attachment_id) VALUES (?, ?, ?, ?)";
    let mut insert = connection.prepare_cached(sql)?;
    let mut count = connection
        .prepare_cached("UPDATE attachments SET uses = uses + 1, unused_since = NULL WHERE id = ?")?;
    for (place, attachment) in message.attachments.iter().enumerate() {
        insert.execute(params![conversation, seq, place, attachment.id.as_bytes()])?;
        count.execute([attachment.id.as_bytes()])?;
    }
    let sql = "UPDATE messages SET attachments = ? WHERE conversation_id = ? AND seq = ?";
    connection.prepare_cached(sql)?.execute(params![message.attachments.len(), conversation, seq])?;
    Ok(())
}

/// Removes the attachments of a deleted message from it. The uploads themselves stay until the sweep.
pub(super) fn drop_from(
    connection: &Connection,
    conversation: ConversationKey,
    seq: u64,
) -> Result<(), rusqlite::Error> {
    let message = params![conversation.0, seq];
    let sql = "UPDATE attachments SET uses = uses - 1 WHERE id IN \
               (SELECT attachment_id FROM message_attachments WHERE conversation_id = ? AND seq = ?)";
    connection.prepare_cached(sql)?.execute(message)?;
    let sql = "DELETE FROM message_attachments WHERE conversation_id = ? AND seq = ?";
    connection.prepare_cached(sql)?.execute(message)?;
    let sql = "UPDATE messages SET attachments = NULL WHERE conversation_id = ? AND seq = ?";
    connection.prepare_cached(sql)?.execute(message)?;
    Ok(())
}

fn weigh(connection: &Connection, owner: UserId) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT files_weight FROM users WHERE id = ?";
    let weight = connection.prepare_cached(sql)?.query_row([owner.0], |row| row.get(0)).optional()?;
    Ok(weight.unwrap_or(0))
}

fn insert(connection: &Connection, attachment: &AttachmentRecord) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO attachments (id, user_id, hash, name, type, size, weight, width, height, thumbnail_hash, \
               created_at, animated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let picture = attachment.picture.as_ref();
    let values = params![
        attachment.id.as_bytes(),
        attachment.owner.0,
        attachment.hash.0,
        attachment.name,
        attachment.kind,
        attachment.size,
        attachment.weight(),
        picture.map(|picture| picture.width),
        picture.map(|picture| picture.height),
        picture.and_then(|picture| picture.thumbnail).map(|hash| hash.0),
        attachment.created_at.as_millis(),
        picture.is_some_and(|picture| picture.animated),
    ];
    connection.prepare_cached(sql)?.execute(values)?;
    for hash in attachment.blobs() {
        forget_unnamed(connection, hash)?;
    }
    Ok(())
}

/// Forgets the note that these bytes belong to nothing.
pub(super) fn forget_unnamed(connection: &Connection, hash: BlobHash) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("DELETE FROM unnamed_blobs WHERE hash = ?")?.execute([hash.0])?;
    Ok(())
}

fn millis(age: Duration) -> i64 {
    i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl AttachmentStore for SqliteStore {
    async fn add_attachment(&self, attachment: AttachmentRecord, quota: u64) -> Result<bool, StoreError> {
        let add = move |connection: &Connection| {
            if is_deleted(connection, attachment.owner)?
                || weigh(connection, attachment.owner)? + attachment.weight() > quota
            {
                return Ok(false);
            }
            insert(connection, &attachment)?;
            Ok(true)
        };
        self.writer.run(add).await
    }

    async fn attachments_weigh(&self, owner: UserId) -> Result<u64, StoreError> {
        self.readers.by_key(owner, move |connection| weigh(connection, owner)).await
    }

    async fn attachments_of(
        &self,
        owner: UserId,
        after: Option<AttachmentId>,
        limit: usize,
    ) -> Result<Vec<AttachmentRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
            let sql =
                format!("SELECT {COLUMNS} FROM attachments WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");
            connection.prepare_cached(&sql)?.query_map(params![owner.0, after, limit], record)?.collect()
        };
        self.readers.run(owner, read).await
    }

    async fn attachment(
        &self,
        id: AttachmentId,
        reader: UserId,
    ) -> Result<Option<AttachmentRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM attachments WHERE id = ?1 AND (user_id = ?2 OR EXISTS \
                 (SELECT 1 FROM message_attachments AS carried \
                  JOIN members USING (conversation_id) JOIN messages USING (conversation_id, seq) \
                  WHERE carried.attachment_id = ?1 AND members.user_id = ?2 AND gone = 0 \
                  AND seq > visible_after AND hidden_from IS NOT ?2))"
            );
            connection.prepare_cached(&sql)?.query_row(params![id.as_bytes(), reader.0], record).optional()
        };
        self.readers.by_key(reader, read).await
    }

    async fn grow_older(&self, by: Duration) -> Result<StoreAge, StoreError> {
        let grow = move |connection: &Connection| {
            let sql = "UPDATE identity SET age = age + ? RETURNING age, doubted";
            connection.prepare_cached(sql)?.query_row([millis(by)], |row| {
                let doubted: Option<u64> = row.get("doubted")?;
                Ok(StoreAge {
                    age: Duration::from_millis(row.get("age")?),
                    doubted: doubted.map(Duration::from_millis),
                })
            })
        };
        self.writer.run(grow).await
    }

    async fn forget_unused(
        &self,
        age: Duration,
        before: Option<Duration>,
        limit: usize,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let forget = move |connection: &Connection| {
            let sql = "UPDATE attachments SET unused_since = ? WHERE uses = 0 AND unused_since IS NULL";
            connection.prepare_cached(sql)?.execute([millis(age)])?;
            let Some(before) = before else { return Ok(Vec::new()) };
            let sql = "DELETE FROM attachments WHERE id IN \
                       (SELECT id FROM attachments WHERE uses = 0 AND unused_since <= ? LIMIT ?) \
                       RETURNING hash, thumbnail_hash";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![millis(before), limit])?;
            let mut forgotten = Vec::new();
            while let Some(row) = rows.next()? {
                forgotten.push(BlobHash(row.get(0)?));
                forgotten.extend(row.get::<_, Option<[u8; 32]>>(1)?.map(BlobHash));
            }
            Ok(forgotten)
        };
        self.writer.run(forget).await
    }

    async fn count_unused(&self, before: Duration) -> Result<usize, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT count(*) FROM attachments WHERE uses = 0 AND unused_since <= ?";
            connection.prepare_cached(sql)?.query_row([millis(before)], |row| row.get(0))
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn unused_blobs(&self, hashes: Vec<BlobHash>) -> Result<Vec<BlobHash>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM attachments WHERE hash = ?1) \
                       OR EXISTS (SELECT 1 FROM attachments WHERE thumbnail_hash = ?1) \
                       OR EXISTS (SELECT 1 FROM users WHERE avatar_large = ?1) \
                       OR EXISTS (SELECT 1 FROM users WHERE avatar_small = ?1) \
                       OR EXISTS (SELECT 1 FROM conversations WHERE avatar_large = ?1) \
                       OR EXISTS (SELECT 1 FROM conversations WHERE avatar_small = ?1)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut unused = Vec::new();
            for hash in hashes {
                if !statement.query_row([hash.0], |row| row.get::<_, bool>(0))? {
                    unused.push(hash);
                }
            }
            Ok(unused)
        };
        self.readers.run(NOBODY, read).await
    }

    async fn note_unnamed(
        &self,
        hashes: Vec<BlobHash>,
        age: Duration,
        before: Option<Duration>,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let note = move |connection: &Connection| {
            let sql = "INSERT OR IGNORE INTO unnamed_blobs (hash, first_seen) VALUES (?, ?)";
            let mut insert = connection.prepare_cached(sql)?;
            let sql = "SELECT first_seen <= ? FROM unnamed_blobs WHERE hash = ?";
            let mut select = connection.prepare_cached(sql)?;
            let mut old = Vec::new();
            for &hash in &hashes {
                insert.execute(params![hash.0, millis(age)])?;
                if let Some(before) = before
                    && select.query_row(params![millis(before), hash.0], |row| row.get(0))?
                {
                    old.push(hash);
                }
            }
            Ok(old)
        };
        self.writer.run(note).await
    }

    async fn forget_unnamed(&self, hashes: Vec<BlobHash>) -> Result<(), StoreError> {
        let forget = move |connection: &Connection| {
            hashes.iter().try_for_each(|hash| forget_unnamed(connection, *hash))
        };
        self.writer.run(forget).await
    }
}
