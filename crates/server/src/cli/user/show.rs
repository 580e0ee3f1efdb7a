//! People as text.

use protocol::{AccountRole, AddedUser, AdminUser};

/// A table with a line for each person.
pub(super) fn table(people: &[AdminUser]) -> String {
    let head = ["USERNAME", "NAME", "E-MAIL", "ROLE", "STATE", "SESSIONS", "LAST SEEN"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(people.iter().map(row)).collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        table += cells.collect::<Vec<_>>().join("  ").trim_end();
        table.push('\n');
    }
    table
}

fn row(user: &AdminUser) -> [String; 7] {
    [
        user.username.clone(),
        user.display_name.clone(),
        user.email.clone().unwrap_or_default(),
        role(user).to_owned(),
        state(user).to_owned(),
        user.sessions.to_string(),
        last_seen(user),
    ]
}

/// Somebody, with a line for each thing to know.
pub(super) fn user(user: &AdminUser) -> String {
    let lines = [
        ("username", user.username.clone()),
        ("name", user.display_name.clone()),
        ("e-mail", user.email.clone().unwrap_or_default()),
        ("role", role(user).to_owned()),
        ("state", state(user).to_owned()),
        ("sessions", user.sessions.to_string()),
        ("registered", user.created_at.to_string()),
        ("last seen", last_seen(user)),
    ];
    lines.map(|(name, value)| format!("{name:<10}  {value}").trim_end().to_owned() + "\n").concat()
}

/// An account that was made. The password is on a line of its own, as it is shown only here.
pub(super) fn added(added: &AddedUser) -> String {
    let AddedUser { user, password } = added;
    let what = if user.role == AccountRole::Admin { "admin" } else { "account" };
    let password = password.as_ref().map(|password| format!("password: {password}\n"));
    format!("made the {what} {}\n{}", user.username, password.unwrap_or_default())
}

fn role(user: &AdminUser) -> &'static str {
    match user.role {
        AccountRole::Admin => "admin",
        AccountRole::Member => "member",
    }
}

fn state(user: &AdminUser) -> &'static str {
    match user {
        AdminUser { deleted: true, .. } => "deleted",
        AdminUser { disabled: true, .. } => "disabled",
        AdminUser { verified: false, .. } => "not verified",
        _ => "",
    }
}

fn last_seen(user: &AdminUser) -> String {
    user.last_seen_at.map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use protocol::Timestamp;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let ann = AdminUser {
            username: "ann".into(),
            display_name: "Änne Müller".into(),
            created_at: Timestamp::from_millis(0),
            picture_url: None,
            email: None,
            role: AccountRole::Admin,
            verified: true,
            disabled: false,
            deleted: false,
            last_seen_at: Some(Timestamp::from_millis(0)),
            sessions: 2,
        };
        let bob = AdminUser {
            display_name: "B".into(),
            role: AccountRole::Member,
            verified: false,
            last_seen_at: None,
            ..ann.clone()
        };
        assert_eq!(
            table(&[ann, bob]),
            "USERNAME  NAME         E-MAIL  ROLE    STATE         SESSIONS  LAST SEEN\n\
             ann       Änne Müller          admin                 2         1970-01-01T00:00:00.000Z\n\
             ann       B                    member  not verified  2\n"
        );
    }
}
