use std::time::Duration;

use async_trait::async_trait;
use protocol::{SessionId, Timestamp};

use super::{StoreError, UserId};

/// SHA-256 of a refresh token or an API token; the token itself is not kept.
pub type Hash = [u8; 32];

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The same for as long as the session lives, over all its tokens.
    pub id: SessionId,
    /// The user who logged in.
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
    /// The hash of its first refresh token.
    pub refresh: Hash,
    /// When the refresh token expires.
    pub refresh_expires_at: Timestamp,
}

/// Random bytes from which, together with a refresh token, the next refresh token is made.
pub type Salt = [u8; 32];

/// The use of a refresh token.
#[derive(Clone, Debug)]
pub struct RefreshUse {
    /// The hash of the token that is used.
    pub used: Hash,
    /// The hash of its successor, made with `salt`.
    pub next: Hash,
    /// Stored until the successor is used.
    pub salt: Salt,
    /// When the successor expires.
    pub next_expires_at: Timestamp,
    /// When the token is used.
    pub now: Timestamp,
    /// How long after the first use of the token a second one still gets the same successor.
    pub grace: Duration,
}

impl RefreshUse {
    /// Whether this use is within the grace of the first use of the token. It may be up to a grace earlier, too,
    /// because of two uses at the same time the later one may be stored first. It may not be earlier than that, or
    /// setting the clock back would make the grace longer.
    pub fn is_repeat_of(&self, first: Timestamp) -> bool {
        self.now < first.plus(self.grace) && first < self.now.plus(self.grace)
    }
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The successor is made with this salt. For a repeat it is the salt of the first use.
    Rotated(SessionRecord, Salt),
    /// The token had been used before and this is no repeat: the grace is over, or the successor has been used. The
    /// session was ended by it.
    Reused(SessionRecord),
    /// The token is unknown or expired, or its session has ended.
    Unknown,
}

/// A session, or an API token, that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Numbers rise in the order in which sessions ended.
    pub number: u64,
    /// The user whose session it was.
    pub user: UserId,
    /// The id of the session or the API token.
    pub session: SessionId,
    /// When it ended.
    pub at: Timestamp,
}

impl EndedSession {
    /// How long an ended session is kept for nodes that may still have sockets of it. They read it within a second.
    pub const KEPT: Duration = Duration::from_hours(24);
}

/// Sessions and their refresh tokens.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session. If its user has more than `most` then, ends those unused for longest, and gives the ended
    /// ones. `None` if the account is disabled: nothing is begun.
    async fn create_session(
        &self,
        session: NewSession,
        most: usize,
    ) -> Result<Option<Vec<SessionRecord>>, StoreError>;

    /// A session, unless it has ended.
    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError>;

    /// A user's sessions, the latest first.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError>;

    /// The session that a refresh token belongs to, whether or not the token has been used.
    async fn session_of_refresh(&self, token: Hash) -> Result<Option<SessionId>, StoreError>;

    /// Uses up a refresh token and stores its successor. A second use within the grace, before the successor is used,
    /// changes nothing and gives the salt of the first. Any other second use ends the session. Uses at the same time
    /// are taken one after the other.
    async fn rotate(&self, refresh: RefreshUse) -> Result<Rotation, StoreError>;

    /// Ends a session of a user; false if there was none.
    async fn end_session(&self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes refresh tokens and codes that expired before `now`, and the rows of sessions that ended longer ago than
    /// [`EndedSession::KEPT`]. Ends the sessions that are left without a refresh token, and gives them.
    async fn forget_expired(&self, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;

    /// The first `limit` ended sessions and API tokens with a number above `after`, by ascending number. None appears
    /// below a number that has been read.
    async fn ended_sessions(&self, after: u64, limit: usize) -> Result<Vec<EndedSession>, StoreError>;

    /// The number of the session or API token that ended last; 0 if none has.
    async fn last_ended_session(&self) -> Result<u64, StoreError>;
}
