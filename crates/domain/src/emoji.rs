//! Emoji: recognizes exactly one, and gives it in its normal form.

use std::iter::Peekable;
use std::str::Chars;

use unicode_properties::{EmojiStatus, UnicodeEmoji};

/// Asks for the picture where a character is otherwise shown as a sign of text, as `❤` is.
const AS_PICTURE: char = '\u{fe0f}';
const AS_TEXT: char = '\u{fe0e}';
const JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';
const END_OF_TAGS: char = '\u{e007f}';
/// Pictures that are joined into one; families have four.
const JOINED: usize = 8;

/// The emoji that a text is, in its fully qualified form (Unicode Technical Standard 51): `❤` becomes `❤️`. `None` if
/// the text is something else, or more than one emoji.
pub(crate) fn normal(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|char| !matches!(*char, AS_PICTURE | AS_TEXT)).collect();
    let (mut chars, mut normal) = (plain.chars().peekable(), String::new());
    match *chars.peek()? {
        '0'..='9' | '#' | '*' => {
            normal.extend([chars.next()?, AS_PICTURE]);
            normal.push(chars.next_if_eq(&KEYCAP)?);
        }
        first if is_regional(first) => {
            normal.push(chars.next()?);
            normal.push(chars.next_if(|second| is_regional(*second))?);
        }
        _ => {
            for _ in 0..JOINED {
                picture(&mut chars, &mut normal)?;
                let Some(joiner) = chars.next_if_eq(&JOINER) else { break };
                normal.push(joiner);
            }
        }
    }
    chars.next().is_none().then_some(normal)
}

/// Takes one picture, with its color of skin or its tags.
fn picture(chars: &mut Peekable<Chars<'_>>, normal: &mut String) -> Option<()> {
    let base = chars.next().filter(|base| is_picture(*base))?;
    normal.push(base);
    if let Some(skin) = chars.next_if(|char| matches!(char, '\u{1f3fb}'..='\u{1f3ff}')) {
        normal.push(skin);
    } else if is_text_by_default(base) {
        normal.push(AS_PICTURE);
    }
    let before = normal.len();
    while let Some(tag) = chars.next_if(|char| matches!(char, '\u{e0020}'..='\u{e007e}')) {
        normal.push(tag);
    }
    if normal.len() > before {
        normal.push(chars.next_if_eq(&END_OF_TAGS)?);
    }
    Some(())
}

fn is_regional(char: char) -> bool {
    matches!(char, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_picture(char: char) -> bool {
    // Unicode adds emoji to these blocks every year; those of the coming years are taken, too.
    let is_reserved = matches!(char, '\u{1f300}'..='\u{1faff}');
    !char.is_ascii() && !is_regional(char) && (char.is_emoji_char() || is_reserved)
}

fn is_text_by_default(char: char) -> bool {
    matches!(char.emoji_status(), EmojiStatus::EmojiOther | EmojiStatus::EmojiModifierBase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_has_one_form() {
        for (given, form) in [
            ("👍", "👍"),
            ("👍🏽", "👍🏽"),
            ("❤", "❤\u{fe0f}"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("❤\u{fe0e}", "❤\u{fe0f}"),
            ("☝🏽", "☝🏽"),
            ("👩‍🚀", "👩‍🚀"),
            ("🏃‍♂", "🏃‍♂\u{fe0f}"),
            ("❤‍🔥", "❤\u{fe0f}‍🔥"),
            ("👁‍🗨", "👁\u{fe0f}‍🗨\u{fe0f}"),
            ("🇸🇪", "🇸🇪"),
            ("1\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴\u{e0067}\u{e0062}\u{e007f}"),
            ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
            ("\u{1faff}", "\u{1faff}"),
        ] {
            assert_eq!(normal(given).as_deref(), Some(form), "{given}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for other in [
            "",
            "x",
            "1",
            "#",
            "é",
            "word",
            "слово",
            "👍👍",
            "👍 ",
            " 👍",
            "ok👍",
            "\u{200b}",
            "\u{fe0f}",
            "\u{200d}",
            "👍\u{200d}",
            "🇸",
            "🇸🇪🇸🇪",
            "\u{2800}",
            "\u{3164}",
            "𝐁",
            "🏴\u{e0067}",
            "字",
            "\u{1f3fb}x",
        ] {
            assert_eq!(normal(other), None, "{other:?}");
        }
        assert_eq!(normal(&["👩"; 9].join("\u{200d}")), None);
    }
}
