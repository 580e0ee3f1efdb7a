//! Checks names and titles that people enter: one line of text.

use std::ops::RangeInclusive;

use crate::error::Error;
use crate::visible::{is_blank, is_heaped, turns};

/// The text without the space around it. An error if its `length` in characters is not allowed, if nothing of it is
/// seen, or if it has characters that reach beyond its line. `field` and `what` name it in the error, for example
/// `title` and "A title".
pub(crate) fn check_line(
    field: &'static str,
    what: &str,
    text: &str,
    length: &RangeInclusive<usize>,
) -> Result<String, Error> {
    let text = text.trim();
    let ends_line = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    if !length.contains(&text.chars().count()) || text.contains(ends_line) {
        let (least, most) = (length.start(), length.end());
        return Err(Error::invalid(field, format!("{what} has {least} to {most} characters, on one line.")));
    }
    if is_blank(text) {
        return Err(Error::invalid(field, format!("{what} has something that can be seen.")));
    }
    if text.contains(turns) || is_heaped(text) {
        let detail = format!("{what} does not turn the direction of writing, nor heap marks on a letter.");
        return Err(Error::invalid(field, detail));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_bounded() {
        let check = |text: &str| check_line("title", "A title", text, &(1..=3));
        assert_eq!(check("  Ann  ").unwrap(), "Ann");
        assert_eq!(check("äöü").unwrap(), "äöü");
        for bad in
            ["", " \t ", "a\nb", "Anna", "\u{7f}", "\u{3164}", "\u{200b}\u{200b}", "\u{202e}a", "a\u{2028}b"]
        {
            assert_eq!(check(bad).unwrap_err().field.as_deref(), Some("title"), "{bad}");
        }
    }
}
