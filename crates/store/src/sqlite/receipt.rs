use async_trait::async_trait;
use domain::store::{CursorMove, CursorStore, Moved, StoreError};
use protocol::Cursors;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;

/// Moves one member's marks forward, at most to the head of the log.
fn advance(connection: &Connection, head: u64, step: &CursorMove) -> Result<Moved, rusqlite::Error> {
    let &CursorMove { conversation, user, to } = step;
    let sql =
        "SELECT delivered_seq, read_seq FROM members WHERE conversation_id = ? AND user_id = ? AND gone = 0";
    let stand = connection
        .prepare_cached(sql)?
        .query_row(params![conversation.0, user.0], |row| {
            Ok(Cursors { delivered_seq: row.get(0)?, read_seq: row.get(1)? })
        })
        .optional()?;
    let Some(stand) = stand else {
        return Ok(Moved { conversation, user, cursors: Cursors::default(), changed: false });
    };
    let read_seq = stand.read_seq.max(to.read_seq.min(head));
    let delivered_seq = stand.delivered_seq.max(to.delivered_seq.min(head)).max(read_seq);
    let cursors = Cursors { delivered_seq, read_seq };
    let changed = cursors != stand;
    if changed {
        let sql =
            "UPDATE members SET delivered_seq = ?, read_seq = ? WHERE conversation_id = ? AND user_id = ?";
        connection.prepare_cached(sql)?.execute(params![delivered_seq, read_seq, conversation.0, user.0])?;
    }
    Ok(Moved { conversation, user, cursors, changed })
}

#[async_trait]
impl CursorStore for SqliteStore {
    async fn move_cursors(&self, moves: Vec<CursorMove>) -> Result<Vec<Moved>, StoreError> {
        self.writer
            .run_with_heads(move |writing| {
                let mut moved = Vec::with_capacity(moves.len());
                for step in &moves {
                    let head = writing.heads.get(writing.connection, step.conversation)?;
                    moved.push(advance(writing.connection, head, step)?);
                }
                Ok(moved)
            })
            .await
    }
}
