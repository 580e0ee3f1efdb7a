//! Users: profiles, and finding people by name.

use std::sync::Arc;

use protocol::{ChangeMe, Code, Page, User};

use crate::account::{check_display_name, own_user};
use crate::context::Context;
use crate::error::Error;
use crate::page;
use crate::person::Caller;
use crate::presence::Presences;
use crate::store::{Account, AccountChange, NameSearch, UserId};

/// Shows, changes and finds profiles.
pub struct Users {
    context: Arc<Context>,
    presences: Arc<Presences>,
}

impl Users {
    /// People in a page of search results.
    const PAGE: usize = 20;
    /// The fewest characters to search for: one would find half of all people.
    const QUERY: usize = 2;
    /// People scanned by display name for a page. Those whose username begins with the query as well are skipped,
    /// because they were found by username.
    const LOOKS: usize = 256;

    pub(crate) fn new(context: Arc<Context>, presences: Arc<Presences>) -> Self {
        Self { context, presences }
    }

    /// The caller's own profile.
    pub async fn me(&self, caller: &Caller) -> Result<User, Error> {
        let account = self.context.store.account_of(caller.person.id).await?;
        account.map(own_user).ok_or_else(|| Error::not_found("user"))
    }

    /// Changes the caller's own profile.
    pub async fn change_me(&self, caller: &Caller, request: ChangeMe) -> Result<User, Error> {
        caller.check_in_person()?;
        if request.display_name.is_some() && caller.host.is_some_and(|grant| grant.is_named) {
            let detail = "The application says how its people are called; change it there.";
            return Err(Error::new(Code::Forbidden, detail).about("displayName"));
        }
        let ChangeMe { display_name, hide_presence, add_me } = request;
        let display_name = display_name.as_deref().map(check_display_name).transpose()?;
        let change = AccountChange { display_name, hide_presence, add_me };
        let user = caller.person.id;
        let account = self.context.store.change_account(user, change).await?;
        if hide_presence.is_some() {
            self.presences.changed(user);
        }
        account.map(own_user).ok_or_else(|| Error::not_found("user"))
    }

    /// Somebody's profile as others see it.
    pub async fn get(&self, username: &str) -> Result<User, Error> {
        let missing = || Error::not_found("user");
        let person = self.context.people.named(username).await?.ok_or_else(missing)?;
        let account = self.context.store.account_of(person.id).await?.ok_or_else(missing)?;
        Ok(public_user(account))
    }

    /// People whose username begins with the query, and then people whose display name does. So that nobody keeps the
    /// store busy with it, a search counts as a message in the rate limit and scans a bounded number of people. So a
    /// page may be short, or empty, and have a `next` all the same.
    pub async fn find(&self, caller: &Caller, query: &str, next: Option<&str>) -> Result<Page<User>, Error> {
        let query = query.trim();
        if query.chars().count() < Self::QUERY {
            return Err(Error::invalid("query", "Give at least two characters of a name."));
        }
        let next = page::decode(next, Next::read)?;
        self.context.charge(caller)?;
        let reader = caller.person.id;
        // One more than a page, to see whether there is a next page.
        let most = Self::PAGE + 1;
        let mut found = Vec::new();
        let mut after = None;
        let by_username = match next {
            None => Some(String::new()),
            Some(Next::Username(name)) => Some(name),
            Some(Next::DisplayName(name, user)) => {
                after = Some((name, user));
                None
            }
        };
        if let Some(above) = by_username {
            let prefix = query.to_ascii_lowercase();
            found.extend(self.context.store.accounts_by_username(reader, &prefix, &above, most).await?);
        }
        let named = found.len();
        let mut stopped = None;
        if found.len() < most {
            let (prefix, limit) = (Account::display_key(query), most - named);
            let search = NameSearch { reader, prefix, after, limit, looks: Self::LOOKS };
            let by_display_name = self.context.store.accounts_by_display_name(search).await?;
            found.extend(by_display_name.accounts);
            stopped = by_display_name.stopped;
        }
        let in_names = found.len().min(Self::PAGE) <= named;
        let last = page::cut(&mut found, Self::PAGE);
        let next = last.map(|last| if in_names { Next::username(last) } else { Next::display_name(last) });
        let next = next.or(stopped.map(|(name, user)| Next::DisplayName(name, user)));
        Ok(Page { items: found.into_iter().map(public_user).collect(), next: next.map(Next::encode) })
    }
}

/// An account as others see it.
fn public_user(account: Account) -> User {
    User { email: None, hide_presence: None, add_me: None, role: None, ..own_user(account) }
}

/// The place where the next page of a search begins; opaque to clients.
enum Next {
    /// Above this username.
    Username(String),
    /// Above this display name.
    DisplayName(String, UserId),
}

impl Next {
    fn username(account: &Account) -> Self {
        Self::Username(account.username.to_ascii_lowercase())
    }

    fn display_name(account: &Account) -> Self {
        Self::DisplayName(Account::display_key(&account.display_name), account.id)
    }

    fn encode(self) -> String {
        let (user, name) = match self {
            Self::Username(name) => (UserId(0), name),
            Self::DisplayName(name, user) => (user, name),
        };
        let mut bytes = user.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(name.as_bytes());
        page::encode(bytes)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, name) = bytes.split_first_chunk()?;
        let (user, name) = (UserId(i64::from_be_bytes(*user)), String::from_utf8(name.to_vec()).ok()?);
        Some(if user == UserId(0) { Self::Username(name) } else { Self::DisplayName(name, user) })
    }
}
