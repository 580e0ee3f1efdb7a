//! People made straight in the store, because a registration hashes a password, which takes long.

use std::time::Duration;

use domain::Admin;
use domain::store::{CodeUse, FirstCode, NewAccount, OneTimeCode, Purpose};
use protocol::{AccountRole, ChangeUser, Login};

use crate::app::App;

const PASSWORD: &str = "correct horse";
/// Its hash with argon2id's least cost.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$d8cWXRYs+kQt2VnROXEXkPhMCRQBCA3xuMvbGFXM8R4";

/// Makes a verified account.
pub(crate) async fn register(app: &App, username: &str) {
    let now = app.clock.now();
    let account = NewAccount {
        username: username.into(),
        display_name: username.into(),
        email: None,
        password_hash: PASSWORD_HASH.into(),
        created_at: now,
    };
    // The server may be sweeping away what has expired.
    let expires_at = now.plus(Duration::from_hours(1));
    let code = OneTimeCode {
        purpose: Purpose::Verify,
        hash: [0; 32],
        salt: [0; 16],
        expires_at,
        asker: None,
        email: None,
    };
    let user = app.store.create_account(account, FirstCode::Drawn(code.clone()), now).await;
    let user = user.expect("the store works").expect("the username is free");
    assert!(
        app.store
            .use_code(user, &code, CodeUse::Verify { email_proven: false })
            .await
            .expect("the store works"),
        "the code is theirs"
    );
}

pub(crate) async fn make_admin(app: &App, username: &str) {
    let change = ChangeUser { role: Some(AccountRole::Admin), ..ChangeUser::default() };
    app.domain.admins.change(&Admin::command_line(), username, change).await.expect("they are verified");
}

/// Begins a session; gives its token.
pub(crate) async fn login(app: &App, username: &str) -> String {
    let login = Login { username: username.into(), password: PASSWORD.into(), device: None };
    app.domain.sessions.login(login, None).await.expect("the password is right").token
}

/// Refuses the tokens that a host application has signed for somebody until now.
pub(crate) async fn log_out(app: &App, username: &str) {
    let account = app.store.account(username).await.expect("the store works").expect("they have an account");
    app.domain.host_accounts.log_out(account.id).await.expect("the store works");
}
