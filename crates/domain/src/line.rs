//! Checks names and titles that people enter: one line of text.

use std::ops::RangeInclusive;

use crate::error::Error;

/// The text without the space around it. An error if its `length` in characters is not allowed, or if it has control
/// characters. `field` and `what` name it in the error, for example `title` and "A title".
pub(crate) fn check_line(
    field: &'static str,
    what: &str,
    text: &str,
    length: &RangeInclusive<usize>,
) -> Result<String, Error> {
    let text = text.trim();
    if length.contains(&text.chars().count()) && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    let (least, most) = (length.start(), length.end());
    Err(Error::invalid(field, format!("{what} has {least} to {most} characters, on one line.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_bounded() {
        let check = |text: &str| check_line("title", "A title", text, &(1..=3));
        assert_eq!(check("  Ann  ").unwrap(), "Ann");
        assert_eq!(check("äöü").unwrap(), "äöü");
        for bad in ["", " \t ", "a\nb", "Anna", "\u{7f}"] {
            assert_eq!(check(bad).unwrap_err().field.as_deref(), Some("title"), "{bad}");
        }
    }
}
