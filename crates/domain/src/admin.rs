//! Seeing to the server: its people, and the log of what was done to them.

use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AccountRole, AddedUser, AdminUser, AuditEntry, ChangeUser, Code, NewUser, Page, SessionId, Timestamp,
    limit,
};

use crate::Settings;
use crate::account::{check_display_name, check_email, check_username};
use crate::context::Context;
use crate::error::Error;
use crate::host_account::HostAccounts;
use crate::page;
use crate::password::{self, Passwords, check_password};
use crate::person::Caller;
use crate::random;
use crate::store::{
    Account, AccountPlace, AdminAccount, AdminChange, AdminChanged, AuditRecord, Deed, FoundBy, NewAccount,
    UserId,
};
use crate::url::picture_of_person;

/// How long the audit log is kept, and its most entries.
const AUDIT_KEPT: (Duration, u64) = (Duration::from_hours(365 * 24), 100_000);

/// Whoever sees to the server.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Their username; `None` for the command line.
    username: Option<Arc<str>>,
}

impl Admin {
    /// Whoever has the data folder or the socket in it.
    pub fn command_line() -> Self {
        Self { username: None }
    }

    pub(crate) fn deed(&self, at: Timestamp) -> Deed {
        Deed { by: self.username.as_deref().map(str::to_owned), at }
    }
}

/// What admins and the command line may do.
pub struct Admins {
    context: Arc<Context>,
    passwords: Arc<Passwords>,
    host_accounts: Arc<HostAccounts>,
    unverified_lifetime: Duration,
}

impl Admins {
    pub(crate) fn new(
        context: Arc<Context>,
        passwords: Arc<Passwords>,
        host_accounts: Arc<HostAccounts>,
        settings: &Settings,
    ) -> Self {
        Self { context, passwords, host_accounts, unverified_lifetime: settings.unverified_lifetime }
    }

    /// The caller as an admin, if they are one. An API token is nobody's admin, whoever made it.
    pub async fn admin(&self, caller: &Caller) -> Result<Admin, Error> {
        caller.check_logged_in()?;
        let account = self.context.store.account_of(caller.person.id).await?;
        if account.is_none_or(|account| !account.is_active_admin()) {
            return Err(Error::new(Code::Forbidden, "Only an admin of the server may do this."));
        }
        Ok(Admin { username: Some(caller.person.username.clone()) })
    }

    /// Whether there is an admin who can log in.
    pub async fn is_there_one(&self) -> Result<bool, Error> {
        Ok(self.context.store.has_admin().await?)
    }

    /// People of whom the username, the display name or the e-mail address begins with the query, verified or not.
    /// Everybody's name begins with an empty query.
    pub async fn find(&self, query: &str, next: Option<&str>) -> Result<Page<AdminUser>, Error> {
        let query = query.trim();
        let after = page::decode(next, read_place)?;
        let mut found = self.context.store.find_accounts(query, after, limit::USERS_PAGE + 1).await?;
        let last = page::cut(&mut found, limit::USERS_PAGE);
        let next =
            last.and_then(|last| AccountPlace::of(&last.account, query)).map(|place| write_place(&place));
        Ok(Page { items: found.into_iter().map(admin_user).collect(), next })
    }

    /// A person, verified or not.
    pub async fn get(&self, username: &str) -> Result<AdminUser, Error> {
        let account = self.account(username).await?;
        let account = self.context.store.admin_account(account.id).await?;
        account.map(admin_user).ok_or_else(|| Error::not_found("user"))
    }

    /// Changes a person. Who is disabled is logged out everywhere. Refuses to leave the server without an admin, but for
    /// the command line, which needs none.
    pub async fn change(
        &self,
        admin: &Admin,
        username: &str,
        request: ChangeUser,
    ) -> Result<AdminUser, Error> {
        let ChangeUser { disabled, role, display_name } = request;
        let display_name = display_name.as_deref().map(check_display_name).transpose()?;
        let account = self.account(username).await?;
        if role == Some(AccountRole::Admin) && !account.verified {
            return Err(Error::invalid(
                "role",
                "An account that nobody has verified may become somebody else's.",
            ));
        }
        let change = AdminChange {
            user: account.id,
            disabled,
            role,
            display_name,
            keeps_an_admin: admin.username.is_some(),
            deed: admin.deed(self.context.clock.now()),
        };
        match self.context.store.administer(change).await? {
            AdminChanged::Changed { account, ended } => {
                self.cut(account.account.id, ended);
                if disabled == Some(true) {
                    self.host_accounts.log_out(account.account.id).await?;
                }
                Ok(admin_user(*account))
            }
            AdminChanged::LastAdmin => Err(Error::new(
                Code::LastAdmin,
                "Nobody else could see to the server; make another admin first.",
            )),
            AdminChanged::Unknown => Err(Error::not_found("user")),
        }
    }

    /// Ends all sessions and API tokens of a person, refuses the tokens that a host application has signed for them,
    /// and cuts their sockets.
    pub async fn log_out(&self, admin: &Admin, username: &str) -> Result<(), Error> {
        let user = self.account(username).await?.id;
        self.host_accounts.log_out(user).await?;
        let deed = admin.deed(self.context.clock.now());
        self.cut(user, self.context.store.log_out(user, deed).await?);
        Ok(())
    }

    /// Makes a verified account.
    pub async fn add(&self, admin: &Admin, request: NewUser) -> Result<AddedUser, Error> {
        let NewUser { username, display_name, email, role, password } = request;
        check_username(&username)?;
        let email = email.map(|email| check_email(&email).map(|()| email)).transpose()?;
        let display_name = check_display_name(display_name.as_deref().unwrap_or(&username))?;
        let drawn = password.is_none().then(|| password::draw(&*self.context.random));
        let password = password.or_else(|| drawn.clone()).unwrap_or_default();
        check_password("password", &password)?;
        let password_hash = self.passwords.hash(password, random::bytes(&*self.context.random)).await?;
        let now = self.context.clock.now();
        let account = NewAccount { username, display_name, email, password_hash, created_at: now };
        let (deed, freed) = (admin.deed(now), now.minus(self.unverified_lifetime));
        let user = self.context.store.add_account(account, role.unwrap_or_default(), deed, freed).await?;
        let user = user.ok_or_else(|| Error::new(Code::UsernameTaken, "Choose another username."))?;
        let account = self.context.store.admin_account(user).await?;
        let user = account.map(admin_user).ok_or_else(|| Error::not_found("user"))?;
        Ok(AddedUser { user, password: drawn })
    }

    /// What was done, the latest first.
    pub async fn audit(&self, next: Option<&str>) -> Result<Page<AuditEntry>, Error> {
        let below = page::decode(next, |bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)))?;
        let mut found = self.context.store.audit(below, limit::AUDIT_PAGE + 1).await?;
        let last = page::cut(&mut found, limit::AUDIT_PAGE);
        let next = last.map(|last| page::encode(last.number.to_be_bytes()));
        Ok(Page { items: found.into_iter().map(audit_entry).collect(), next })
    }

    /// Removes what the audit log no longer keeps.
    pub async fn sweep(&self) -> Result<(), Error> {
        let (kept, most) = AUDIT_KEPT;
        Ok(self.context.store.forget_audit(self.context.clock.now().minus(kept), most).await?)
    }

    async fn account(&self, username: &str) -> Result<Account, Error> {
        self.context.store.account(username).await?.ok_or_else(|| Error::not_found("user"))
    }

    fn cut(&self, user: UserId, ended: Vec<SessionId>) {
        for session in ended {
            self.context.broker.close_session(user, session);
        }
    }
}

fn admin_user(AdminAccount { account, sessions }: AdminAccount) -> AdminUser {
    let Account { username, display_name, email, created_at, avatar, role, verified, disabled, .. } = account;
    AdminUser {
        picture_url: avatar.map(|avatar| picture_of_person(&username, avatar)),
        username,
        display_name,
        created_at,
        email,
        role,
        verified,
        disabled,
        deleted: account.deleted_at.is_some(),
        last_seen_at: account.last_seen_at,
        sessions,
    }
}

fn audit_entry(AuditRecord { number, deed, action, username, details }: AuditRecord) -> AuditEntry {
    AuditEntry { number, at: deed.at, by: deed.by, action, username, details }
}

/// The `next` of a search: the field, the account, and the field's value.
fn write_place(place: &AccountPlace) -> String {
    let mut bytes = vec![place.field as u8];
    bytes.extend_from_slice(&place.user.0.to_be_bytes());
    bytes.extend_from_slice(place.key.as_bytes());
    page::encode(bytes)
}

fn read_place(bytes: &[u8]) -> Option<AccountPlace> {
    let (field, rest) = bytes.split_first()?;
    let (user, key) = rest.split_first_chunk()?;
    let field = *FoundBy::ALL.get(usize::from(*field))?;
    let key = String::from_utf8(key.to_vec()).ok()?;
    Some(AccountPlace { field, key, user: UserId(i64::from_be_bytes(*user)) })
}
