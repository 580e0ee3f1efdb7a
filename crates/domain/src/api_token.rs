//! API tokens, which programs use instead of logging in. A token works until it expires or is ended. It may do
//! everything that its owner may, except manage the account, its sessions and its tokens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::{ApiToken, Code, NewApiToken, SessionId, limit};

use crate::context::Context;
use crate::error::Error;
use crate::line::check_line;
use crate::person::Caller;
use crate::random;
use crate::store::ApiTokenRecord;
use crate::token::digest;

/// The beginning of every API token. It tells them from access tokens, and lets scanners find tokens in published
/// code.
const PREFIX: &str = "aldis_";
/// How often the use of a token is stored. Storing each use would cost more than many requests do.
const NOTED: Duration = Duration::from_mins(10);

/// Making and ending API tokens.
pub struct ApiTokens {
    context: Arc<Context>,
}

/// Whether a token has the form of an API token.
pub(crate) fn is_api_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl ApiTokens {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Makes an API token for the caller. The token itself is in this answer and never shown again.
    pub async fn create(&self, caller: &Caller, request: NewApiToken) -> Result<ApiToken, Error> {
        caller.check_logged_in()?;
        let name = check_line("name", "A name", &request.name, &limit::API_TOKEN_NAME)?;
        let now = self.context.clock.now();
        if request.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid(
                "expiresAt",
                "This is in the past; leave it out for a token without an end.",
            ));
        }
        let id = SessionId::mint(now, u128::from_le_bytes(random::bytes(&*self.context.random)));
        let token = format!("{PREFIX}{}", BASE64URL.encode(random::bytes::<32>(&*self.context.random)));
        let user = caller.person.id;
        let record = ApiTokenRecord {
            id,
            user,
            name,
            created_at: now,
            expires_at: request.expires_at,
            last_used_at: None,
        };
        if !self.context.store.create_api_token(record.clone(), digest(&token), limit::API_TOKENS).await? {
            let detail = format!("An account has at most {} API tokens; end one first.", limit::API_TOKENS);
            return Err(Error::new(Code::TooManyTokens, detail));
        }
        Ok(ApiToken { token: Some(token), ..shown(record) })
    }

    /// The caller's tokens, the latest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<ApiToken>, Error> {
        caller.check_logged_in()?;
        Ok(self.context.store.api_tokens_of(caller.person.id).await?.into_iter().map(shown).collect())
    }

    /// Ends one of the caller's tokens and cuts its sockets.
    pub async fn end(&self, caller: &Caller, id: SessionId) -> Result<(), Error> {
        caller.check_logged_in()?;
        if !self.context.store.end_api_token(caller.person.id, id, self.context.clock.now()).await? {
            return Err(Error::not_found("API token"));
        }
        self.context.broker.close_session(caller.person.id, id);
        Ok(())
    }

    /// The token, if it has neither ended nor expired. It is looked up by its digest, so the time that this takes
    /// tells nothing about existing tokens.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<ApiTokenRecord>, Error> {
        let (hash, now) = (digest(token), self.context.clock.now());
        let alive = |record: &ApiTokenRecord| record.expires_at.is_none_or(|at| at > now);
        let Some(record) = self.context.store.api_token(hash).await?.filter(alive) else {
            return Ok(None);
        };
        if record.last_used_at.is_none_or(|at| at.plus(NOTED) <= now)
            && let Err(error) = self.context.store.note_api_token_used(hash, now).await
        {
            // No reason to refuse a request that may only read.
            tracing::debug!(%error, "the use of an API token was not noted");
        }
        Ok(Some(record))
    }

    /// Ends expired tokens and cuts their sockets.
    pub async fn sweep(&self) -> Result<(), Error> {
        for token in self.context.store.end_expired_api_tokens(self.context.clock.now()).await? {
            self.context.broker.close_session(token.user, token.id);
        }
        Ok(())
    }
}

/// A token as its owner sees it, without the token itself, which is not stored.
pub(crate) fn shown(record: ApiTokenRecord) -> ApiToken {
    let ApiTokenRecord { id, name, created_at, expires_at, last_used_at, .. } = record;
    ApiToken { id, name, token: None, created_at, expires_at, last_used_at }
}
