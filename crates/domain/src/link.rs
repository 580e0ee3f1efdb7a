//! Whether a text has an address of the web. Clients find out which and where, and show a link there.

/// Endings of host names in everyday use, besides those of countries.
const ENDINGS: &[&str] = &[
    "app", "art", "biz", "blog", "chat", "cloud", "club", "com", "coop", "dev", "edu", "email", "gov",
    "info", "live", "media", "museum", "name", "net", "news", "online", "org", "page", "pro", "shop", "site",
    "social", "store", "tech", "web", "wiki", "world", "xyz",
];
/// The endings of countries, by their first letter.
const COUNTRIES: &[&str] = &[
    "cdefgilmoqrstuwxz",
    "abdefghijmnorstvwyz",
    "acdfghiklmnoruvwxyz",
    "ejkmoz",
    "cegrstu",
    "ijkmor",
    "abdefghilmnpqrstuwy",
    "kmnrtu",
    "delmnoqrst",
    "emop",
    "eghimnprwyz",
    "abcikrstuvy",
    "acdeghklmnopqrstuvwxyz",
    "acefgilopruz",
    "m",
    "aefghklmnrstwy",
    "a",
    "eosuw",
    "abcdeghijklmnortuvxyz",
    "cdfghjklmnortvwz",
    "agksyz",
    "aceginu",
    "fs",
    "",
    "et",
    "amw",
];
/// Endings of countries that are those of files, too: `main.rs` is no host, `docs.rs/serde` is.
const OF_FILES: &[&str] = &["cc", "mk", "ml", "md", "pl", "ps", "py", "rs", "sh", "so"];

/// Whether a text has an address of the web: one with `http://` or `https://`, one that begins with `www.`, or a host
/// whose name ends as those of everyday use do.
pub(crate) fn is_in(text: &str) -> bool {
    // Most texts end here.
    text.contains('.') && hosts(text).any(|host| host.is_link()) || has_scheme(text)
}

/// Whether something with a scheme is in a text, such as `http://localhost`.
fn has_scheme(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let before = text[..at].trim_end_matches(|char: char| char.is_ascii_alphabetic());
        let scheme = &text[before.len()..at];
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        is_web && text[at + "://".len()..].starts_with(|char: char| char.is_alphanumeric() || char == '[')
    })
}

/// A name with a dot, and what stands around it.
struct Host<'a> {
    before: Option<char>,
    name: &'a str,
    after: Option<char>,
}

/// The names in a text that may be hosts: letters, digits, hyphens and dots in a row.
fn hosts(text: &str) -> impl Iterator<Item = Host<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_of_name)?;
        let end = text[start..].find(|char| !is_of_name(char)).map_or(text.len(), |length| start + length);
        at = end;
        // A sentence may end behind it.
        let name = text[start..end].trim_matches(['.', '-']);
        let before = text[..start].chars().next_back();
        let after = if text[start..end].ends_with(name) { text[end..].chars().next() } else { None };
        Some(Host { before, name, after })
    })
}

/// Chinese and Japanese have no spaces: what stands beside a host's name there is not part of it.
fn is_of_name(char: char) -> bool {
    let has_no_spaces =
        matches!(char, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    (char.is_alphanumeric() && !has_no_spaces) || char == '-' || char == '.'
}

impl Host<'_> {
    fn is_link(&self) -> bool {
        let mut labels = self.name.rsplit('.');
        let (Some(ending), Some(label)) = (labels.next(), labels.next()) else { return false };
        // In a mail address, a path, or a name such as `snake_case`.
        let is_within = self.before.is_some_and(|char| "@/:=&?#_%+".contains(char));
        let goes_on = self.after.is_some_and(|char| "@_".contains(char));
        if is_within || goes_on || label.is_empty() || labels.any(str::is_empty) {
            return false;
        }
        if self.name.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("www.")) {
            return true;
        }
        let has_path = self.after.is_some_and(|char| "/?#:".contains(char));
        // `done.It was` is a sentence without a space before it.
        let is_sentence =
            ending.starts_with(char::is_uppercase) && ending.chars().skip(1).all(char::is_lowercase);
        let ending = ending.to_lowercase();
        is_ending(&ending) && (has_path || !(is_sentence || OF_FILES.contains(&ending.as_str())))
    }
}

fn is_ending(ending: &str) -> bool {
    match ending.as_bytes() {
        &[first @ b'a'..=b'z', second] => COUNTRIES
            .get(usize::from(first - b'a'))
            .is_some_and(|seconds| seconds.as_bytes().contains(&second)),
        _ => ENDINGS.contains(&ending) || ending == "рф",
    }
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn addresses_as_people_write_them() {
        for text in [
            "https://a.example/x",
            "see HTTP://localhost:5000.",
            "(http://[::1]/)",
            "www.example.museum",
            "go to aldis.org, please",
            "aldis.org.",
            "*example.com*",
            "docs.rs/serde",
            "例えばexample.jpを見て",
            "[a label](https://a.example)",
            "EXAMPLE.COM",
            "done.It/was",
        ] {
            assert!(is_in(text), "{text}");
        }
    }

    #[test]
    fn what_looks_like_one_is_none() {
        for text in [
            "",
            "hello",
            "e.g. this",
            "end.Then more",
            "done.It was",
            "main.rs",
            "a.ts",
            "1.5",
            "3.14.15",
            "...",
            "a..com",
            "ann@example.org",
            "http:// nothing",
            "ftp://a",
            "https://",
            "x.com_y",
            "name_a.com",
            "::",
            "-.com",
            ".com",
        ] {
            assert!(!is_in(text), "{text}");
        }
    }

    #[test]
    fn any_text_is_looked_at_in_one_go() {
        for text in ["://".repeat(5_000), "a.".repeat(8_000), "http".repeat(4_000), "é.é ".repeat(3_000)] {
            is_in(&text);
        }
    }
}
