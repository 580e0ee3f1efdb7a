use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};

use async_trait::async_trait;
use domain::store::{
    EndedSession, Hash, NewSession, RefreshUse, Rotation, Salt, SessionRecord, SessionStore, StoreError,
    UserId,
};
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
    /// The token that was exchanged for this one; `None` for the first of a session.
    predecessor: Option<Hash>,
    state: TokenState,
}

/// Sessions and API tokens that ended lately, ascending by number.
#[derive(Default)]
pub(super) struct EndedSessions {
    ended: VecDeque<EndedSession>,
    last: u64,
}

impl EndedSessions {
    pub(super) fn push(&mut self, user: UserId, session: SessionId, at: Timestamp) {
        self.last += 1;
        self.ended.push_back(EndedSession { number: self.last, user, session, at });
    }
}

enum TokenState {
    Fresh,
    /// Used, and its successor is not.
    Used {
        at: Timestamp,
        salt: Salt,
    },
    /// Used, and its successor, too.
    Spent,
}

impl Sessions {
    /// How many sessions of a user have not ended.
    pub(super) fn count(&self, user: UserId) -> u64 {
        self.live.values().filter(|session| session.user == user).count() as u64
    }

    /// Ends all sessions of a user, and gives them.
    pub(super) fn end_all(
        &mut self,
        user: UserId,
        at: Timestamp,
        ended: &mut EndedSessions,
    ) -> Vec<SessionId> {
        let of_user = self.live.values().filter(|session| session.user == user);
        let ids: Vec<_> = of_user.map(|session| session.id).collect();
        for id in &ids {
            self.end(*id, at, ended);
        }
        ids
    }

    fn end(&mut self, id: SessionId, at: Timestamp, ended: &mut EndedSessions) -> Option<SessionRecord> {
        self.refresh.retain(|_, token| token.session != id);
        self.live.remove(&id).inspect(|session| ended.push(session.user, id, at))
    }
}

impl Sessions {
    /// Ends all sessions of a user, and gives them.
    pub(super) fn end_those_of(
        &mut self,
        user: UserId,
        at: Timestamp,
        ended: &mut EndedSessions,
    ) -> Vec<SessionId> {
        let own = self.live.values().filter(|session| session.user == user).map(|session| session.id);
        let own: Vec<_> = own.collect();
        own.into_iter().filter_map(|id| self.end(id, at, ended)).map(|session| session.id).collect()
    }
}

impl MemoryStore {
    /// Ends all sessions of a user but `keep`.
    pub(super) fn end_sessions(&self, user: UserId, keep: Option<SessionId>, at: Timestamp) {
        let mut sessions = self.sessions.write();
        let theirs = sessions.live.values().filter(|session| session.user == user);
        let theirs: Vec<_> = theirs.map(|session| session.id).filter(|id| Some(*id) != keep).collect();
        let mut ended = self.ended_sessions.lock();
        for id in theirs {
            sessions.end(id, at, &mut ended);
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create_session(
        &self,
        new: NewSession,
        most: usize,
    ) -> Result<Option<Vec<SessionRecord>>, StoreError> {
        let NewSession { session, refresh, refresh_expires_at: expires_at } = new;
        let accounts = self.accounts.read();
        let out = |account: &domain::store::Account| account.disabled || account.deleted_at.is_some();
        if accounts.get(session.user).is_none_or(out) {
            return Ok(None);
        }
        let mut sessions = self.sessions.write();
        let fresh =
            RefreshToken { session: session.id, expires_at, predecessor: None, state: TokenState::Fresh };
        sessions.refresh.insert(refresh, fresh);
        let (user, id, at) = (session.user, session.id, session.created_at);
        sessions.live.insert(id, session);
        let of_user = sessions.live.values().filter(|session| session.user == user && session.id != id);
        let mut of_user: Vec<_> = of_user.map(|session| (session.last_seen_at, session.id)).collect();
        of_user.sort_unstable();
        let more = (of_user.len() + 1).saturating_sub(most);
        let mut ended = self.ended_sessions.lock();
        let more = of_user.into_iter().take(more);
        Ok(Some(more.filter_map(|(_, id)| sessions.end(id, at, &mut ended)).collect()))
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

    async fn session_of_refresh(&self, token: Hash) -> Result<Option<SessionId>, StoreError> {
        Ok(self.sessions.read().refresh.get(&token).map(|token| token.session))
    }

    async fn rotate(&self, refresh: RefreshUse) -> Result<Rotation, StoreError> {
        let RefreshUse { used, next, salt, next_expires_at, now, grace } = refresh;
        let mut sessions = self.sessions.write();
        let Some(token) = sessions.refresh.get_mut(&used) else {
            return Ok(Rotation::Unknown);
        };
        let id = token.session;
        match token.state {
            TokenState::Used { at, salt } if refresh.is_repeat_of(at) => {
                let session = sessions.live.get(&id).cloned();
                return Ok(session.map_or(Rotation::Unknown, |session| Rotation::Rotated(session, salt)));
            }
            TokenState::Used { .. } | TokenState::Spent => {
                let ended = sessions.end(id, now, &mut self.ended_sessions.lock());
                return Ok(ended.map_or(Rotation::Unknown, Rotation::Reused));
            }
            TokenState::Fresh if token.expires_at <= now => return Ok(Rotation::Unknown),
            TokenState::Fresh => {}
        }
        token.state = TokenState::Used { at: now, salt };
        // A used token is kept at least for the grace time, so that a repeat within it is answered.
        token.expires_at = token.expires_at.max(now.plus(grace));
        let predecessor = token.predecessor;
        if let Some(predecessor) = predecessor.and_then(|hash| sessions.refresh.get_mut(&hash)) {
            predecessor.state = TokenState::Spent;
        }
        let predecessor = Some(used);
        let fresh =
            RefreshToken { session: id, expires_at: next_expires_at, predecessor, state: TokenState::Fresh };
        sessions.refresh.insert(next, fresh);
        let Some(session) = sessions.live.get_mut(&id) else {
            return Ok(Rotation::Unknown);
        };
        session.last_seen_at = now;
        Ok(Rotation::Rotated(session.clone(), salt))
    }

    async fn end_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let mut sessions = self.sessions.write();
        if sessions.live.get(&id).is_none_or(|session| session.user != user) {
            return Ok(false);
        }
        Ok(sessions.end(id, at, &mut self.ended_sessions.lock()).is_some())
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.accounts.write().forget_codes(|code| code.expires_at <= now);
        let mut sessions = self.sessions.write();
        sessions.refresh.retain(|_, token| token.expires_at > now);
        let alive: HashSet<_> = sessions.refresh.values().map(|token| token.session).collect();
        let mut ended = self.ended_sessions.lock();
        let old = now.minus(EndedSession::KEPT);
        ended.ended.retain(|ended| ended.at > old);
        let expired = sessions.live.extract_if(|id, _| !alive.contains(id)).map(|(_, session)| session);
        Ok(expired.inspect(|session| ended.push(session.user, session.id, now)).collect())
    }

    async fn ended_sessions(&self, after: u64, limit: usize) -> Result<Vec<EndedSession>, StoreError> {
        let EndedSessions { ended, .. } = &*self.ended_sessions.lock();
        let first = ended.partition_point(|ended| ended.number <= after);
        Ok(ended.range(first..).take(limit).copied().collect())
    }

    async fn last_ended_session(&self) -> Result<u64, StoreError> {
        Ok(self.ended_sessions.lock().last)
    }
}
