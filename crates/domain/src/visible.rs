//! What of a text can be seen.

use unicode_normalization::char::is_combining_mark;

/// Marks on one letter. More of them reach into the lines above and below; the scripts of languages need fewer.
const MARKS: usize = 8;

/// Whether nothing of a text can be seen.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a character leaves no ink: white space, control characters, what is ignorable by default
/// (`Default_Ignorable_Code_Point` in Unicode's `DerivedCoreProperties.txt`), and the empty Braille pattern.
fn is_invisible(char: char) -> bool {
    let is_ignorable = matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    char.is_whitespace() || char.is_control() || is_ignorable || char == '\u{2800}'
}

/// Whether a character changes the direction of the text after it. With one before it, `gpj.exe` is shown as
/// `exe.jpg`.
pub(crate) fn turns(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether so many marks stand on one letter that they reach into other lines.
pub(crate) fn is_heaped(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|char| {
        marks = if is_combining_mark(char) { marks + 1 } else { 0 };
        marks > MARKS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_seen_of_fillers_and_spaces() {
        for blank in ["", " \t\n", "\u{200b}", "\u{3164}", "\u{2800}\u{2800}", "\u{ad}\u{feff}", "\u{e0041}"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["a", "\u{200b}a", "👩\u{200d}🚀", "❤\u{fe0f}", "می\u{200c}خواهم", "\u{301}"]
        {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    #[test]
    fn marks_are_heaped_past_what_languages_need() {
        for fine in ["Tiếng Việt", "בְּרֵאשִׁ֖ית", "ก็ได้", "e\u{301}\u{302}\u{303}"]
        {
            assert!(!is_heaped(fine), "{fine}");
        }
        assert!(is_heaped(&format!("Z{}", "\u{335}".repeat(9))));
    }
}
