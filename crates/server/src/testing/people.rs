//! People made straight in the store, because a registration hashes a password, which takes long.

use domain::store::{NewAccount, OneTimeCode};
use protocol::{Login, Timestamp};

use crate::app::App;

const PASSWORD: &str = "correct horse";
/// Its hash with argon2id's least cost.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$d8cWXRYs+kQt2VnROXEXkPhMCRQBCA3xuMvbGFXM8R4";

/// Makes a verified account.
pub(crate) async fn register(app: &App, username: &str) {
    let account = NewAccount {
        username: username.into(),
        display_name: username.into(),
        email: None,
        password_hash: PASSWORD_HASH.into(),
        // Else it would have waited too long to be verified, and be swept away.
        created_at: app.clock.now(),
    };
    let code = OneTimeCode { hash: [0; 32], salt: [0; 16], expires_at: Timestamp::default(), asker: None };
    let user = app.store.create_account(account, code.clone(), Timestamp::default()).await;
    let user = user.expect("the store works").expect("the username is free");
    assert!(app.store.use_code(user, &code).await.expect("the store works"), "the code is theirs");
}

/// Begins a session; gives its token.
pub(crate) async fn login(app: &App, username: &str) -> String {
    let login = Login { username: username.into(), password: PASSWORD.into(), device: None };
    app.domain.sessions.login(login, None).await.expect("the password is right").token
}
