//! The end of an account: closing it at once, and erasing afterwards what the person left.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Code, ConversationKind, DeleteAccount, OwnMessages, Role};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::announce::Announcer;
use crate::context::Context;
use crate::error::Error;
use crate::files::Files;
use crate::group::role_in;
use crate::invitation::Invitations;
use crate::login::Logins;
use crate::person::Caller;
use crate::presence::Presences;
use crate::store::{Avatar, Closing, ConversationKey, Erasure, Forgotten, GroupChange, StoreError, UserId};

/// Closes accounts and erases what is left of them.
///
/// An account is closed in one commit. From then on nobody can log in to it or write to it, and its profile is gone.
/// Messages, groups and files may be many, so they are erased afterwards, a few at a time: the store knows which erasures
/// are under way, and after a crash they go on.
pub struct Erasures {
    context: Arc<Context>,
    announcer: Arc<Announcer>,
    logins: Arc<Logins>,
    files: Arc<Files>,
    invitations: Arc<Invitations>,
    presences: Arc<Presences>,
    begun: Notify,
}

impl Erasures {
    /// Messages that are deleted in one commit, because other messages wait for it.
    const MESSAGES: usize = 128;
    /// Uploads and blocks that are removed in one commit.
    const BELONGINGS: usize = 256;
    /// Conversations that are read at a time.
    const CONVERSATIONS: usize = 50;
    /// How often leaving a group is tried if the group changes meanwhile.
    const TRIES: usize = 16;
    /// How often the store is asked for erasures that another node began and did not end.
    const EVERY: Duration = Duration::from_mins(1);
    /// After a scrub there is none for so many times as long as it took.
    const RESTS: u32 = 9;
    /// Wait after the store failed.
    const RETRY_DELAY: Duration = Duration::from_secs(1);

    pub(crate) fn new(
        context: Arc<Context>,
        announcer: Arc<Announcer>,
        logins: Arc<Logins>,
        files: Arc<Files>,
        invitations: Arc<Invitations>,
        presences: Arc<Presences>,
    ) -> Self {
        Self { context, announcer, logins, files, invitations, presences, begun: Notify::new() }
    }

    /// Deletes the caller's own account. `address` is `None` if limits for addresses do not apply.
    pub async fn delete_own(
        &self,
        caller: &Caller,
        request: DeleteAccount,
        address: Option<IpAddr>,
    ) -> Result<(), Error> {
        let DeleteAccount { password, messages } = request;
        self.logins.confirm(caller, password, address).await?;
        self.close(caller.person.id, messages).await
    }

    /// Deletes the account with this username, for those who run the server.
    pub async fn delete(&self, username: &str, messages: OwnMessages) -> Result<(), Error> {
        let account = self.context.store.account(username).await?;
        let account = account.filter(|account| account.verified && account.deleted_at.is_none());
        self.close(account.ok_or_else(|| Error::not_found("user"))?.id, messages).await
    }

    /// Closes an account, cuts its sockets, and begins its erasure.
    async fn close(&self, user: UserId, messages: OwnMessages) -> Result<(), Error> {
        match self.context.store.close_account(user, messages, self.context.clock.now()).await? {
            Closing::Unknown => return Err(Error::not_found("user")),
            Closing::LastAdmin => {
                return Err(Error::new(Code::LastAdmin, "Make somebody else an admin first."));
            }
            Closing::Closed { ended, avatar } => {
                for session in ended {
                    self.context.broker.close_session(user, session);
                }
                self.presences.changed(user);
                self.begun.notify_one();
                let picture: Vec<_> = avatar.iter().flat_map(Avatar::blobs).collect();
                if let Err(error) = self.files.remove_unused(picture).await {
                    // The account is closed all the same. The sweep of files finds what nobody owns.
                    tracing::warn!(cause = ?error.cause, "the picture of a deleted account stays for now");
                }
            }
        }
        Ok(())
    }

    /// Erases what closed accounts left, until `stop`.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut resting = Instant::now();
        loop {
            let worked = tokio::select! {
                worked = self.work(&mut resting) => worked,
                () = &mut stop => return,
            };
            let wait = match worked {
                Ok(wait) => wait,
                Err(Error { cause: Some(StoreError::Closed), .. }) => return,
                Err(error) => {
                    tracing::warn!(cause = ?error.cause, "an account is not erased yet; it is tried again");
                    Self::RETRY_DELAY
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.begun.notified() => {}
                () = &mut stop => return,
            }
        }
    }

    /// Erases all that closed accounts have left.
    pub async fn finish(&self) -> Result<(), Error> {
        let erased = self.erase_all().await?;
        self.scrub(erased).await
    }

    /// Erases what can be erased now, and gives after how long there may be more. A scrub reads the whole store. So until
    /// `resting` there is none, or whoever makes accounts and deletes them would keep the disk busy.
    async fn work(&self, resting: &mut Instant) -> Result<Duration, Error> {
        let erased = self.erase_all().await?;
        let started = Instant::now();
        if erased.is_empty() {
            return Ok(Self::EVERY);
        }
        if started < *resting {
            return Ok((*resting - started).min(Self::EVERY));
        }
        self.scrub(erased).await?;
        *resting = Instant::now() + started.elapsed() * Self::RESTS;
        Ok(Self::EVERY)
    }

    /// Erases all but what is left in the files of the store. Gives the erasures of which that is left.
    async fn erase_all(&self) -> Result<Vec<Erasure>, Error> {
        let erasures = self.context.store.erasures().await?;
        for &erasure in &erasures {
            self.erase(erasure).await?;
        }
        Ok(erasures)
    }

    /// Removes from the files of the store what was erased.
    async fn scrub(&self, erased: Vec<Erasure>) -> Result<(), Error> {
        if !erased.is_empty() {
            self.context.store.scrub().await?;
        }
        for erasure in erased {
            self.context.store.end_erasure(erasure.user).await?;
            tracing::info!(user = erasure.user.0, "what a deleted account left is erased");
        }
        Ok(())
    }

    async fn erase(&self, erasure: Erasure) -> Result<(), Error> {
        let user = erasure.user;
        self.leave_all(user).await?;
        self.erase_traces(erasure).await?;
        loop {
            let started = Instant::now();
            let step = self.context.store.forget_belongings(user, Self::BELONGINGS).await?;
            let Forgotten { blobs, is_complete } = step;
            self.files.remove_unused(blobs).await?;
            if is_complete {
                break;
            }
            rest_since(started).await;
        }
        // Once more, because a request that had begun before the account was closed may have added them to a group.
        self.leave_all(user).await
    }

    async fn erase_traces(&self, mut erasure: Erasure) -> Result<(), Error> {
        loop {
            let started = Instant::now();
            let traces = self.context.store.traces(erasure, Self::MESSAGES).await?;
            let (is_complete, now) = (traces.is_complete, self.context.clock.now());
            erasure.reached = traces.reached;
            self.context.store.erase_traces(erasure.user, traces, now).await?;
            if is_complete {
                return Ok(());
            }
            rest_since(started).await;
        }
    }

    /// Leaves all groups, and shows the others of direct conversations whose account it was.
    async fn leave_all(&self, user: UserId) -> Result<(), Error> {
        let mut before = None;
        loop {
            let page = self.context.store.conversations(user, before, Self::CONVERSATIONS).await?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.head_position);
            for record in page {
                match record.kind {
                    ConversationKind::Group => self.leave(user, record.key).await?,
                    ConversationKind::Direct => {
                        for member in record.members.iter().filter(|member| member.user != user) {
                            self.announcer.tell_view(member.user, record.key);
                        }
                    }
                }
            }
        }
    }

    /// Leaves a group. If the person owned it, the admin who joined first owns it from then on, or without an admin the
    /// member who joined first: when somebody became an admin is not kept.
    async fn leave(&self, user: UserId, key: ConversationKey) -> Result<(), Error> {
        for _ in 0..Self::TRIES {
            let Some(record) = self.context.store.brief(key, None, vec![user]).await? else { return Ok(()) };
            let Some(role) = role_in(&record, user) else { return Ok(()) };
            let heir = match role {
                Role::Owner => self.context.store.heir(key, user).await?,
                Role::Admin | Role::Member => None,
            };
            let heir_rises = heir.map(|heir| (heir, Some(Role::Owner)));
            let members = [(user, None)].into_iter().chain(heir_rises).collect();
            let (at, changed_seq) = (self.context.clock.now(), record.changed_seq);
            let (title, history) = (None, None);
            let change =
                GroupChange { conversation: key, by: user, at, changed_seq, title, history, members };
            if let Some(stored) = self.context.store.change_group(change).await? {
                self.context.channels.apply(key, &stored.entry).await;
                for concerned in [user].into_iter().chain(heir) {
                    self.presences.changed(concerned);
                }
                for invited in stored.uninvited {
                    self.invitations.changed(invited, key).await;
                }
                return Ok(());
            }
        }
        Err(Error::new(Code::Overloaded, "A group changes too fast to be left."))
    }
}

/// Rests as long as a step took, so that erasing takes at most half of the store's time.
async fn rest_since(started: Instant) {
    tokio::time::sleep(started.elapsed()).await;
}
