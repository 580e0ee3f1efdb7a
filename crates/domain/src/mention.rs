//! Mentions: members whom a text names with `@`.

use protocol::limit;

use crate::store::UserId;

/// The members whom a text mentions, each once and in the order of the text, at most [`limit::MENTIONS`]. `member`
/// looks a member up by a name in lower case. It is called at most once for each character of the text.
pub(crate) fn mentions(text: &str, member: impl Fn(&str) -> Option<UserId>) -> Vec<UserId> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices('@') {
        if named.len() == limit::MENTIONS {
            break;
        }
        // The `@` of an e-mail address is no mention.
        if text[..at].ends_with(is_of_name) {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|char| !is_of_name(char)).unwrap_or(rest.len());
        if let Some(user) = longest(&rest[..end], &member)
            && !named.contains(&user)
        {
            named.push(user);
        }
    }
    named
}

/// The member with the longest name at the beginning of `written`. A sentence may end after a name: if nobody is
/// called `bob.`, then `@bob.` mentions `bob`.
fn longest(written: &str, member: impl Fn(&str) -> Option<UserId>) -> Option<UserId> {
    // After the longest possible name there may only be marks. The text is ASCII, so it can be split anywhere.
    let (name, behind) = written.split_at(written.len().min(*limit::USERNAME.end()));
    if !behind.chars().all(is_mark) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let mut name = lower.as_str();
    while name.len() >= *limit::USERNAME.start() {
        if let Some(user) = member(name) {
            return Some(user);
        }
        name = name.strip_suffix(is_mark)?;
    }
    None
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || is_mark(char)
}

/// Whether a character may be in a name, and may also follow a name.
fn is_mark(char: char) -> bool {
    matches!(char, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MEMBERS: [&str; 4] = ["ann", "bob", "bob.", "a-name-of-exactly-32-characters_"];

    fn member(name: &str) -> Option<UserId> {
        let place = MEMBERS.iter().position(|member| *member == name)?;
        Some(UserId(i64::try_from(place).unwrap()))
    }

    fn named(text: &str) -> Vec<&str> {
        let place = |UserId(place): UserId| usize::try_from(place).unwrap();
        mentions(text, member).into_iter().map(|user| MEMBERS[place(user)]).collect()
    }

    #[test]
    fn members_are_found_once_and_in_any_case() {
        let [ann, bob, with_dot, long] = MEMBERS;
        for (text, expected) in [
            ("hi @ann, @BOB and @nobody; @Ann!", vec![ann, bob]),
            ("ask @ann.", vec![ann]),
            ("ask @ann...", vec![ann]),
            ("ask @bob.", vec![with_dot]),
            ("mail ann@bob.example", vec![]),
            ("@@ann @", vec![ann]),
            ("(@bob)", vec![bob]),
            ("@annabel", vec![]),
            ("@a-name-of-exactly-32-characters_", vec![long]),
            ("@a-name-of-exactly-32-characters_...", vec![long]),
            // A word longer than any name mentions nobody, even if it begins with a name.
            ("@a-name-of-exactly-32-characters_x", vec![]),
            ("@ann.............................................x", vec![]),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_costs_more_than_its_length() {
        let dots = ".".repeat(16_383);
        for text in [
            format!("@{dots}"),
            format!("@ann{dots}"),
            format!("@{dots}x"),
            "@".repeat(16_384),
            "@.".repeat(8_192),
            format!("@{} ", "-".repeat(31)).repeat(512),
            format!("@{} ", "_".repeat(32)).repeat(512),
            "@no ".repeat(4_096),
            "@n\u{301}".repeat(4_096),
            "\u{301}@\u{301}".repeat(4_096),
            "@ann\u{20d0}".repeat(4_096),
        ] {
            let looked_up = Cell::new(0);
            let found = mentions(&text, |name| {
                looked_up.set(looked_up.get() + 1);
                assert!(limit::USERNAME.contains(&name.len()));
                member(name)
            });
            assert!(looked_up.get() <= text.len() && found.len() <= 1, "{text}");
        }
        // A run of marks of any length is looked up as often as the longest name has prefixes.
        let looked_up = Cell::new(0);
        mentions(&format!("@{dots}"), |_| {
            looked_up.set(looked_up.get() + 1);
            None
        });
        assert_eq!(looked_up.get(), 31);
    }

    #[test]
    fn a_text_mentions_at_most_fifty_members() {
        let text = (0..1_000).map(|number| format!("@m{number:03}")).collect::<Vec<_>>().join(" ");
        let found = mentions(&text, |name| name[1..].parse().ok().map(UserId));
        assert_eq!(found, (0..50).map(UserId).collect::<Vec<_>>());
    }
}
