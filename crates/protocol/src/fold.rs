//! Letters that stand for others where case and diacritics do not matter, as in a search.

/// Letters in lower case that no decomposition of Unicode resolves, and what people type who do not have them on their
/// keyboard. Of Arabic and Persian also the forms of one letter that are written differently.
pub const FOLDED: &[(char, &str)] = &[
    ('ß', "ss"),
    ('æ', "ae"),
    ('ð', "d"),
    ('ø', "o"),
    ('þ', "th"),
    ('đ', "d"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ł', "l"),
    ('ŋ', "n"),
    ('œ', "oe"),
    ('ŧ', "t"),
    ('ς', "σ"),
    ('ة', "ه"),
    ('ى', "ي"),
    ('ٱ', "ا"),
    ('ک', "ك"),
    ('ی', "ي"),
];
