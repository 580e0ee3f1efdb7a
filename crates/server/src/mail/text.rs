//! What mails say: plain text and HTML from the same paragraphs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::store::Purpose;
use domain::{Language, NoticeContent};
use serde::Deserialize;

/// By the tag of the language and the kind of mail.
static TEXTS: LazyLock<BTreeMap<String, BTreeMap<String, Text>>> =
    LazyLock::new(|| toml::from_str(include_str!("texts.toml")).expect("the embedded texts are TOML"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subject: String,
    paragraphs: Vec<String>,
}

/// A mail, written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

/// The name of a kind of mail in `texts.toml`.
pub(crate) fn kind(content: NoticeContent<'_>) -> &'static str {
    match content {
        NoticeContent::Code { purpose: Purpose::Verify, .. } => "verify",
        NoticeContent::Code { purpose: Purpose::Reset, .. } => "reset",
        NoticeContent::Code { purpose: Purpose::Email, .. } => "email",
        NoticeContent::EmailChanging => "email-changing",
        NoticeContent::PasswordChanged => "password-changed",
    }
}

/// Writes a mail. `values` are the placeholders with what stands for them; names are from outside, so they are put in
/// as they are into plain text, and escaped into HTML.
pub(super) fn write(kind: &str, language: Language, values: &[(&str, &str)]) -> Letter {
    let text = &TEXTS[language.tag()][kind];
    let plain: Vec<_> = text.paragraphs.iter().map(|paragraph| fill(paragraph, values)).collect();
    let paragraphs = text.paragraphs.iter().map(|paragraph| {
        let style = if paragraph == "{code}" { CODE } else { PARAGRAPH };
        format!("<p style=\"{style}\">{}</p>\n", escape(&fill(paragraph, values)))
    });
    let direction = if language == Language::Arabic { "rtl" } else { "ltr" };
    let tag = language.tag();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\" dir=\"{direction}\">\n<body style=\"{BODY}\">\n{}</body>\n</html>\n",
        paragraphs.collect::<String>()
    );
    Letter { subject: fill(&text.subject, values), plain: plain.join("\n\n") + "\n", html }
}

const BODY: &str = "margin:24px auto;max-width:32em;padding:0 16px;font:16px/1.5 sans-serif";
const PARAGRAPH: &str = "margin:0 0 16px";
const CODE: &str = "margin:0 0 16px;font:bold 28px/1.5 monospace;letter-spacing:4px";

/// Puts the values in, each once: what a value says is no placeholder.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled + rest
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 5] = ["verify", "reset", "email", "email-changing", "password-changed"];
    const VALUES: [(&str, &str); 5] = [
        ("server", "Club"),
        ("name", "<b>{code}"),
        ("username", "ann"),
        ("code", "123456"),
        ("minutes", "10"),
    ];

    #[test]
    fn every_language_says_the_same_in_its_words() {
        for language in Language::ALL {
            for kind in KINDS {
                let text = &TEXTS[language.tag()][kind];
                let english = &TEXTS["en"][kind];
                assert_eq!(text.paragraphs.len(), english.paragraphs.len(), "{language:?} {kind}");
                for (own, english) in text.paragraphs.iter().zip(&english.paragraphs) {
                    for (name, _) in VALUES {
                        let named = format!("{{{name}}}");
                        assert_eq!(
                            own.contains(&named),
                            english.contains(&named),
                            "{language:?} {kind} {name}"
                        );
                    }
                }
                let letter = write(kind, language, &VALUES);
                assert!(
                    !letter.plain.contains(['{', '}']) || letter.plain.contains("<b>{code}"),
                    "{letter:?}"
                );
                assert!(letter.subject.contains("Club"), "{letter:?}");
            }
        }
        assert_eq!(TEXTS.len(), Language::ALL.len());
    }

    #[test]
    fn a_name_is_neither_markup_nor_a_placeholder() {
        let letter = write("verify", Language::English, &VALUES);
        assert!(letter.html.contains("Hello &lt;b&gt;{code},"), "{}", letter.html);
        assert!(letter.plain.starts_with("Hello <b>{code},\n\n"), "{}", letter.plain);
        assert!(letter.html.contains(">123456</p>"), "{}", letter.html);
    }
}
