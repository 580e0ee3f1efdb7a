use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::store::{Hash, NewSession, Rotation, SessionRecord, SessionStore, StoreError, UserId};
use protocol::{SessionId, Timestamp};

use super::MemoryStore;

#[derive(Default)]
pub(super) struct Sessions {
    live: HashMap<SessionId, SessionRecord>,
    refresh: HashMap<Hash, RefreshToken>,
}

struct RefreshToken {
    session: SessionId,
    expires_at: Timestamp,
    used: bool,
}

impl Sessions {
    fn end(&mut self, id: SessionId) -> Option<SessionRecord> {
        self.refresh.retain(|_, token| token.session != id);
        self.live.remove(&id)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create_session(&self, new: NewSession) -> Result<(), StoreError> {
        let NewSession { session, refresh, refresh_expires_at: expires_at } = new;
        let mut sessions = self.sessions.write();
        sessions.refresh.insert(refresh, RefreshToken { session: session.id, expires_at, used: false });
        sessions.live.insert(session.id, session);
        Ok(())
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.sessions.read().live.get(&id).cloned())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let sessions = self.sessions.read();
        let mut of_user: Vec<_> =
            sessions.live.values().filter(|session| session.user == user).cloned().collect();
        of_user.sort_by_key(|session| Reverse((session.last_seen_at, session.id)));
        Ok(of_user)
    }

    async fn rotate(
        &self,
        used: Hash,
        next: Hash,
        next_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        let mut sessions = self.sessions.write();
        let Some(token) = sessions.refresh.get_mut(&used) else {
            return Ok(Rotation::Unknown);
        };
        let id = token.session;
        if token.used {
            return Ok(sessions.end(id).map_or(Rotation::Unknown, Rotation::Reused));
        }
        if token.expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        token.used = true;
        sessions.refresh.insert(next, RefreshToken { session: id, expires_at: next_expires_at, used: false });
        let Some(session) = sessions.live.get_mut(&id) else {
            return Ok(Rotation::Unknown);
        };
        session.last_seen_at = now;
        Ok(Rotation::Rotated(session.clone()))
    }

    async fn end_session(&self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let mut sessions = self.sessions.write();
        if sessions.live.get(&id).is_none_or(|session| session.user != user) {
            return Ok(false);
        }
        Ok(sessions.end(id).is_some())
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.accounts.write().forget_codes(|code| code.expires_at <= now);
        let mut sessions = self.sessions.write();
        sessions.refresh.retain(|_, token| token.expires_at > now);
        let alive: HashSet<_> = sessions.refresh.values().map(|token| token.session).collect();
        Ok(sessions.live.extract_if(|id, _| !alive.contains(id)).map(|(_, session)| session).collect())
    }
}
