//! The words of a text for searching, with case and diacritics folded: `Crème` becomes `creme`.
//!
//! A word is a run of letters, digits and combining marks. Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese do not
//! put spaces where words end, so of their letters each is a word, and so are each two that are side by side: `東京都` is
//! `東`, `東京`, `京`, `京都` and `都`. Whoever looks for `京都` finds it in there; whoever looks for three letters or more
//! looks for all the pairs.

use protocol::FOLDED;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its first byte in the text.
    pub(crate) start: usize,
    /// The byte after it.
    pub(crate) end: usize,
    /// In lower case and without diacritics.
    pub(crate) folded: String,
    pub(crate) kind: WordKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordKind {
    /// Between spaces or punctuation.
    Spaced,
    /// One letter of a script without spaces.
    Letter,
    /// Two of these, side by side.
    Pair,
}

/// The words of a text, by their start.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut chars = text.char_indices().peekable();
    // The last word, if it is a letter of a script without spaces, and one that is found and not given out.
    let (mut before, mut next) = (None::<Word>, None);
    std::iter::from_fn(move || {
        if let Some(word) = next.take() {
            return Some(word);
        }
        loop {
            let (start, first) = chars.find(|(_, char)| is_of_word(*char))?;
            let is_letter = is_unspaced(first);
            let kind = if is_letter { WordKind::Letter } else { WordKind::Spaced };
            let mut word = Word { start, end: start + first.len_utf8(), folded: String::new(), kind };
            fold(first, &mut word.folded);
            let goes_on =
                |char: char| if is_letter { is_mark(char) } else { is_of_word(char) && !is_unspaced(char) };
            while let Some((at, char)) = chars.next_if(|(_, char)| goes_on(*char)) {
                word.end = at + char.len_utf8();
                fold(char, &mut word.folded);
            }
            // Marks alone are no word.
            if word.folded.is_empty() {
                continue;
            }
            if !is_letter {
                return Some(word);
            }
            match before.replace(word.clone()).filter(|before| before.end == start) {
                Some(before) => {
                    let folded = before.folded + &word.folded;
                    let pair = Word { start: before.start, end: word.end, folded, kind: WordKind::Pair };
                    next = Some(word);
                    return Some(pair);
                }
                None => return Some(word),
            }
        }
    })
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || is_mark(char)
}

/// Whether a character belongs to the one before it: a combining mark, an invisible sign that joins letters or keeps them
/// apart, a sound mark of half-width katakana, or a vowel or final of a Korean syllable that is written in its parts.
fn is_mark(char: char) -> bool {
    !char.is_ascii()
        && (is_combining_mark(char)
            || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{ff9e}' | '\u{ff9f}')
            || matches!(char, '\u{1160}'..='\u{11ff}' | '\u{ffc2}'..='\u{ffdc}'))
}

/// Whether a letter is of a script whose words are not, or not always, apart.
fn is_unspaced(char: char) -> bool {
    // Apart, so that it is inlined: nearly every letter is below all of these.
    char >= '\u{e00}' && is_of_unspaced_script(char)
}

fn is_of_unspaced_script(char: char) -> bool {
    matches!(char,
        '\u{e00}'..='\u{eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1100}'..='\u{115f}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}' | '\u{ffa1}'..='\u{ffbe}' // Korean
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}' // Japanese
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' // Chinese
    ) && char.is_alphabetic()
        && !is_mark(char)
        // Numbers in circles and brackets, and old forms of numbers.
        || matches!(char, '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303a}' | '\u{3220}'..='\u{3247}' | '\u{3280}'..='\u{32b0}')
}

fn fold(char: char, folded: &mut String) {
    if char.is_ascii() {
        folded.push(char.to_ascii_lowercase());
        return;
    }
    decompose_compatible(char, |part| {
        // `⑴` has brackets in it, and `ﷺ` spaces.
        if is_left_out(part) || !is_of_word(part) {
            return;
        }
        for char in part.to_lowercase() {
            match FOLDED.iter().find(|(letter, _)| *letter == char) {
                Some((_, plain)) => folded.push_str(plain),
                None => folded.push(char),
            }
        }
    });
}

/// The marks that words are found without: the diacritics of Latin, Greek and Cyrillic, the points of Hebrew and Arabic,
/// what only says how letters are joined, and how an emoji is drawn. Marks of other scripts are letters of their words.
fn is_left_out(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}'
        | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}'
    )
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
        assert_eq!(folded("Đorđe Łódź Ærø STRASSE Straße"), ["dorde", "lodz", "aero", "strasse", "strasse"]);
        assert_eq!(folded("ﬁne Ａｌｄｉｓ １２ ①"), ["fine", "aldis", "12", "1"]);
    }

    #[test]
    fn points_and_joiners_do_not_matter() {
        assert_eq!(folded("مُحَمَّد أحمد إلى"), ["محمد", "احمد", "الي"]);
        assert_eq!(folded("שָׁלוֹם"), ["שלום"]);
        assert_eq!(folded("می\u{200c}روم"), folded("میروم"));
        assert_eq!(folded("co\u{ad}operate"), ["cooperate"]);
        assert_eq!(folded("\u{200c} \u{200d}"), [""; 0]);
        assert_eq!(folded("❤\u{fe0f}hello"), ["hello"]);
        assert_eq!(folded("ﷺ ⑴"), ["صليااللهعليهوسلم".replace("اا", "ا"), "1".into()]);
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
    fn without_spaces_each_letter_and_each_pair_is_a_word() {
        assert_eq!(folded("東京都"), ["東", "東京", "京", "京都", "都"]);
        assert_eq!(folded("第3回 AI人工"), ["第", "3", "回", "ai", "人", "人工", "工"]);
        assert_eq!(folded("東京,京都"), ["東", "東京", "京", "京", "京都", "都"]);
        assert_eq!(folded("ガ"), folded("ｶﾞ"));
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"), folded("한글"));
        assert_eq!((folded("㊀"), folded("㈠")), (folded("一"), folded("一")));
        assert_eq!(folded("ភាសា\u{200b}ខ្មែរ"), folded("ភាសាខ្មែរ"));
        // Vowel signs and tone marks stay with their letter.
        assert_eq!(folded("น้ำ").len(), 3);
        let text = "在北京";
        let found: Vec<_> = words(text).map(|word| &text[word.start..word.end]).collect();
        assert_eq!(found, ["在", "在北", "北", "北京", "京"]);
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
