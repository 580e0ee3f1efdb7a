//! Mentions: members that a text names with `@`.

use std::sync::Arc;

use protocol::limit;

use crate::person::Person;

/// The members that a text names, each once, in the order of the text and in their own spelling.
pub(crate) fn mentions(text: &str, members: &[Arc<Person>]) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in text.match_indices('@') {
        // Not the middle of an address.
        if text[..at].ends_with(is_of_name) {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|char| !is_of_name(char)).unwrap_or(rest.len());
        let Some(person) = longest(&rest[..end], members) else { continue };
        if !named.iter().any(|name: &String| **name == *person.username) {
            named.push(person.username.to_string());
        }
    }
    named
}

/// A name may end a sentence: without the marks behind it, if there is nobody with them.
fn longest<'a>(mut name: &str, members: &'a [Arc<Person>]) -> Option<&'a Arc<Person>> {
    while limit::USERNAME.contains(&name.len()) || name.len() > *limit::USERNAME.end() {
        if let Some(person) = members.iter().find(|person| person.username.eq_ignore_ascii_case(name)) {
            return Some(person);
        }
        name = name.strip_suffix(['.', '-', '_'])?;
    }
    None
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UserId;

    #[test]
    fn members_are_found_once_in_their_own_spelling() {
        let person = |(id, name): (i64, &str)| Arc::new(Person { id: UserId(id), username: name.into() });
        let members: Vec<_> = [(1, "Ann"), (2, "bob"), (3, "bob.")].map(person).into();
        for (text, named) in [
            ("hi @ann, @BOB and @nobody; @Ann!", vec!["Ann", "bob"]),
            ("ask @ann.", vec!["Ann"]),
            ("ask @bob.", vec!["bob."]),
            ("mail ann@bob.example", vec![]),
            ("@@ann @", vec!["Ann"]),
            ("(@bob)", vec!["bob"]),
            ("@annabel", vec![]),
        ] {
            assert_eq!(mentions(text, &members), named, "{text}");
        }
    }
}
