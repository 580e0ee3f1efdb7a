//! Mentions: members that a text names with `@`.

use protocol::limit;

use crate::store::UserId;

/// The members that a text names, each once and in the order of the text, up to [`limit::MENTIONS`]. `member` finds
/// one by a name in lower case. It is asked at most once for each character of the text.
pub(crate) fn mentions(text: &str, member: impl Fn(&str) -> Option<UserId>) -> Vec<UserId> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices('@') {
        if named.len() == limit::MENTIONS {
            break;
        }
        // Not the middle of an address.
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

/// A name may end a sentence: without the marks behind it, if there is nobody with them.
fn longest(written: &str, member: impl Fn(&str) -> Option<UserId>) -> Option<UserId> {
    // Marks alone may be behind what is as long as a name can be. All of it is ASCII.
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

/// Whether a character may be in a name and may end a sentence or a word, too.
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
            // What is longer than a name is none, whatever it begins with.
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
        // One run of marks, however long, is looked up as often as a name has characters.
        let looked_up = Cell::new(0);
        mentions(&format!("@{dots}"), |_| {
            looked_up.set(looked_up.get() + 1);
            None
        });
        assert_eq!(looked_up.get(), 31);
    }

    #[test]
    fn a_text_mentions_so_many_at_most() {
        let text = (0..1_000).map(|number| format!("@m{number:03}")).collect::<Vec<_>>().join(" ");
        let found = mentions(&text, |name| name[1..].parse().ok().map(UserId));
        assert_eq!(found, (0..50).map(UserId).collect::<Vec<_>>());
    }
}
