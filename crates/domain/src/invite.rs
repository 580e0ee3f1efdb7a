//! Invites to the server: with them people register where not everybody may.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::{Code, Invite, NewInvite, Page, limit};

use crate::Settings;
use crate::admin::Admin;
use crate::context::Context;
use crate::error::Error;
use crate::store::InviteRecord;
use crate::{page, random};

/// How long an invite is still listed that nobody can use any more.
const LISTED: Duration = Duration::from_hours(30 * 24);

/// Making and taking back invites.
pub struct Invites {
    context: Arc<Context>,
    public_url: String,
}

impl Invites {
    pub(crate) fn new(context: Arc<Context>, settings: &Settings) -> Self {
        Self { context, public_url: settings.public_url.clone() }
    }

    /// Makes an invite.
    pub async fn create(&self, admin: &Admin, request: NewInvite) -> Result<Invite, Error> {
        let NewInvite { uses, expires_at } = request;
        let now = self.context.clock.now();
        if uses.is_some_and(|uses| !limit::INVITE_USES.contains(&uses)) {
            return Err(Error::invalid("uses", "An invite has 1 to 10,000 uses, or as many as one wants."));
        }
        if expires_at.is_some_and(|at| at <= now) {
            let detail = "This is in the past; leave it out for an invite without an end.";
            return Err(Error::invalid("expiresAt", detail));
        }
        let deed = admin.deed(now);
        let invite = InviteRecord {
            number: 0,
            // 128 bits: nobody guesses it.
            code: BASE64URL.encode(random::bytes::<16>(&*self.context.random)),
            uses,
            used: 0,
            created_by: deed.by.clone(),
            created_at: now,
            expires_at,
        };
        if !self.context.store.create_invite(invite.clone(), limit::INVITES, deed).await? {
            let detail = format!("A server has at most {} invites; take one back first.", limit::INVITES);
            return Err(Error::new(Code::TooManyInvitations, detail));
        }
        Ok(self.shown(invite))
    }

    /// All invites, the latest first; those that nobody can use any more for a month.
    pub async fn list(&self, next: Option<&str>) -> Result<Page<Invite>, Error> {
        let below = page::decode_number(next)?;
        let mut found = self.context.store.invites(below, limit::INVITES_PAGE + 1).await?;
        let next = page::cut(&mut found, limit::INVITES_PAGE).map(|last| page::encode_number(last.number));
        Ok(Page { items: found.into_iter().map(|invite| self.shown(invite)).collect(), next })
    }

    /// Takes an invite back. Who has registered with it stays.
    pub async fn remove(&self, admin: &Admin, code: &str) -> Result<(), Error> {
        let deed = admin.deed(self.context.clock.now());
        if !self.context.store.remove_invite(code, deed).await? {
            return Err(Error::not_found("invite"));
        }
        Ok(())
    }

    /// Removes the invites that nobody could use for a month.
    pub async fn sweep(&self) -> Result<(), Error> {
        Ok(self.context.store.forget_invites(self.context.clock.now().minus(LISTED)).await?)
    }

    fn shown(&self, invite: InviteRecord) -> Invite {
        let InviteRecord { code, uses, used, created_by, created_at, expires_at, .. } = invite;
        let url = format!("{}/join/{code}", self.public_url);
        Invite { code, url, uses, used, created_by, created_at, expires_at }
    }
}
