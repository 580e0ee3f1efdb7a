use std::time::Duration;

use async_trait::async_trait;
use protocol::{SessionId, Timestamp};

use super::{StoreError, UserId};

/// SHA-256 of a refresh token or an API token; the token itself is not kept.
pub type Hash = [u8; 32];

/// A session that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Stable.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The label given at login.
    pub device: Option<String>,
    /// When the device logged in.
    pub created_at: Timestamp,
    /// When it last logged in or refreshed.
    pub last_seen_at: Timestamp,
}

/// A session to begin, with its first refresh token.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: SessionRecord,
    /// Of its refresh token.
    pub refresh: Hash,
    /// When the refresh token expires.
    pub refresh_expires_at: Timestamp,
}

/// Random bytes that a successor is made from, together with the refresh token that buys it.
pub type Salt = [u8; 32];

/// The use of a refresh token.
#[derive(Clone, Debug)]
pub struct RefreshUse {
    /// Of the token that is used.
    pub used: Hash,
    /// Of the successor, made with `salt`.
    pub next: Hash,
    /// Kept until the successor is used.
    pub salt: Salt,
    /// When the successor expires.
    pub next_expires_at: Timestamp,
    /// When it is used.
    pub now: Timestamp,
    /// How long a repeat is answered with the successor of the first use.
    pub grace: Duration,
}

impl RefreshUse {
    /// Whether it is close enough to the first use of the token to be a repeat of it. It may be a little earlier, too:
    /// of two uses at the same time the later one may be stored first. Not much earlier, or a clock that is set back
    /// would make the grace longer.
    pub fn is_repeat_of(&self, first: Timestamp) -> bool {
        self.now < first.plus(self.grace) && first < self.now.plus(self.grace)
    }
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Its successor stands, made with this salt: that of the first use where this is a repeat.
    Rotated(SessionRecord, Salt),
    /// It had been used before, too long ago or with a successor that was used, too: the session has been
    /// ended.
    Reused(SessionRecord),
    /// Unknown, expired, or of a session that has ended.
    Unknown,
}

/// A session, or an API token, that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Higher than that of every one that ended before.
    pub number: u64,
    /// Whose.
    pub user: UserId,
    /// The session, or the token.
    pub session: SessionId,
    /// When it ended.
    pub at: Timestamp,
}

impl EndedSession {
    /// How long it is kept for those who may have sockets of the session. They follow within a second.
    pub const KEPT: Duration = Duration::from_hours(24);
}

/// Sessions and their refresh tokens.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session. Where its user has more than `most` then, ends those that were unused for longest,
    /// and gives them.
    async fn create_session(
        &self,
        session: NewSession,
        most: usize,
    ) -> Result<Vec<SessionRecord>, StoreError>;

    /// A session, unless it has ended.
    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError>;

    /// A user's sessions, the latest first.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError>;

    /// The session that a refresh token belongs to, whether or not the token was used.
    async fn session_of_refresh(&self, token: Hash) -> Result<Option<SessionId>, StoreError>;

    /// Uses up a refresh token and puts its successor in its place. Used again within the grace and before
    /// the successor, it changes nothing and gives the first salt; later, it ends the session. Of two uses at
    /// the same time, one is the second.
    async fn rotate(&self, refresh: RefreshUse) -> Result<Rotation, StoreError>;

    /// Ends a session of a user; says whether there was one.
    async fn end_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// Forgets what expired before `now`: refresh tokens, the sessions left without one, and codes; and sessions that
    /// ended long ago. Gives the sessions that ended by it.
    async fn forget_expired(&self, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;

    /// Sessions and API tokens that ended, however that came, with higher numbers than this one: the first, in the order
    /// of their numbers. Whoever has read up to a number misses none by going on from there.
    async fn ended_sessions(&self, after: u64, limit: usize) -> Result<Vec<EndedSession>, StoreError>;

    /// The number of what ended last.
    async fn last_ended_session(&self) -> Result<u64, StoreError>;
}
