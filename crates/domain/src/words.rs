//! The words of a text for searching, with case and diacritics folded: `Crème` becomes `creme`.
//!
//! A word is a run of letters, digits and combining marks. Chinese and Thai are written without spaces between words,
//! so there a whole run is one word, found by its beginning.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its first byte in the text.
    pub(crate) start: usize,
    /// The byte after it.
    pub(crate) end: usize,
    /// In lower case and without diacritics.
    pub(crate) folded: String,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = chars.find(|(_, char)| is_of_word(*char))?;
            let mut word = Word { start, end: start + first.len_utf8(), folded: String::new() };
            fold(first, &mut word.folded);
            while let Some((at, char)) = chars.next_if(|(_, char)| is_of_word(*char)) {
                word.end = at + char.len_utf8();
                fold(char, &mut word.folded);
            }
            // Combining marks alone are no word.
            if !word.folded.is_empty() {
                return Some(word);
            }
        }
    })
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || !char.is_ascii() && is_combining_mark(char)
}

fn fold(char: char, folded: &mut String) {
    if char.is_ascii() {
        folded.push(char.to_ascii_lowercase());
        return;
    }
    decompose_canonical(char, |part| {
        // The diacritics of Latin, Greek and Cyrillic; marks of other scripts are letters of their words.
        if !matches!(part, '\u{300}'..='\u{36f}') {
            folded.extend(part.to_lowercase().map(|char| if char == 'ς' { 'σ' } else { char }));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded).collect()
    }

    #[test]
    fn case_and_diacritics_do_not_matter() {
        assert_eq!(folded("Crème BRÛLÉE"), ["creme", "brulee"]);
        assert_eq!(folded("cre\u{300}me"), ["creme"]);
        assert_eq!(folded("ΟΔΟΣ οδός"), ["οδοσ", "οδοσ"]);
        assert_eq!(folded("İstanbul ЁЛКА"), ["istanbul", "елка"]);
        assert_eq!(folded("Tiếng Việt"), ["tieng", "viet"]);
    }

    #[test]
    fn a_word_ends_at_the_first_character_that_is_no_letter_digit_or_mark() {
        assert_eq!(
            folded("don't e-mail: ann_lee@example.org, 3.5"),
            ["don", "t", "e", "mail", "ann", "lee", "example", "org", "3", "5"]
        );
        assert_eq!(folded("🎉hurra🎉"), ["hurra"]);
        assert_eq!(folded("नमस्ते दुनिया").len(), 2);
        assert_eq!(folded(" \u{301} !?"), [""; 0]);
        assert_eq!(folded(""), [""; 0]);
    }

    #[test]
    fn start_and_end_are_places_in_the_original_text() {
        let text = "«ÉTÉ» e\u{301}te\u{301}!";
        let found: Vec<_> = words(text).map(|word| &text[word.start..word.end]).collect();
        assert_eq!(found, ["ÉTÉ", "e\u{301}te\u{301}"]);
    }

    #[test]
    fn the_beginning_of_a_word_is_still_its_beginning_when_folded() {
        // Also of a Hangul syllable, which is decomposed.
        for (whole, beginning) in [("한글", "하"), ("Straße", "STRA"), ("ﬁne", "ﬁ")] {
            assert!(folded(whole)[0].starts_with(&folded(beginning)[0]), "{whole}");
        }
    }
}
