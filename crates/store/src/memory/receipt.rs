use async_trait::async_trait;
use domain::store::{CursorMove, CursorStore, Moved, StoreError};
use protocol::Cursors;

use super::MemoryStore;

#[async_trait]
impl CursorStore for MemoryStore {
    async fn move_cursors(&self, moves: Vec<CursorMove>) -> Result<Vec<Moved>, StoreError> {
        let moved = moves.into_iter().map(|CursorMove { conversation, user, to }| {
            let mut moved = Moved { conversation, user, cursors: Cursors::default(), changed: false };
            let Some(of) = self.conversations.read().get(conversation).cloned() else {
                return moved;
            };
            let mut log = of.log.lock();
            let head = log.head_seq();
            let Some(member) = log.members.iter_mut().find(|member| member.user == user) else {
                return moved;
            };
            let read_seq = member.cursors.read_seq.max(to.read_seq.min(head));
            let delivered_seq = member.cursors.delivered_seq.max(to.delivered_seq.min(head)).max(read_seq);
            let cursors = Cursors { delivered_seq, read_seq };
            moved.changed = cursors != member.cursors;
            moved.cursors = cursors;
            member.cursors = cursors;
            moved
        });
        Ok(moved.collect())
    }
}
