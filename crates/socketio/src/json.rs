//! Whether a text is JSON: one pass, no allocation, no recursion.
//!
//! Everything that is handed on is checked here, so that a text which one client made up can be sent to
//! another as it is.

/// How deep arrays and objects may be nested.
pub(crate) const MAX_DEPTH: u32 = 127;

/// Whether `text` is one JSON value, nested no deeper than [`MAX_DEPTH`].
pub(crate) fn is_valid(text: &str) -> bool {
    Scanner { bytes: text.as_bytes(), at: 0 }.document().is_some()
}

/// The length of the string literal that `text` starts with, quotes included.
pub(crate) fn string_length(text: &str) -> Option<usize> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.string()?;
    Some(scanner.at)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        // One bit for each open container: whether it is an object.
        let mut objects: u128 = 0;
        let mut depth = 0;
        loop {
            // A value.
            self.space();
            let opened = match self.next()? {
                b'{' => Some(true),
                b'[' => Some(false),
                b'"' => {
                    self.at -= 1;
                    self.string()?;
                    None
                }
                first => {
                    match first {
                        b't' => self.literal(b"rue")?,
                        b'f' => self.literal(b"alse")?,
                        b'n' => self.literal(b"ull")?,
                        b'-' | b'0'..=b'9' => self.number(first)?,
                        _ => return None,
                    }
                    None
                }
            };
            if let Some(object) = opened {
                if depth == MAX_DEPTH {
                    return None;
                }
                depth += 1;
                objects = objects << 1 | u128::from(object);
                self.space();
                if self.peek() != Some(if object { b'}' } else { b']' }) {
                    if object {
                        self.key()?;
                    }
                    continue;
                }
            }
            // What follows a value.
            loop {
                self.space();
                if depth == 0 {
                    return (self.at == self.bytes.len()).then_some(());
                }
                match (self.next()?, objects & 1 == 1) {
                    (b',', false) => break,
                    (b',', true) => {
                        self.space();
                        self.key()?;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        let found = self.bytes[self.at..].starts_with(rest);
        self.at += rest.len();
        found.then_some(())
    }

    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.space();
        (self.next()? == b':').then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => {
                self.at -= 1;
                self.digits()?;
            }
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        loop {
            while let Some(word) = self.bytes[self.at..].first_chunk::<8>()
                && is_plain(u64::from_ne_bytes(*word))
            {
                self.at += 8;
            }
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let digits = self.bytes.get(self.at..self.at + 4)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        self.at += 4;
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }
}

/// Whether none of eight bytes is a quote, a backslash or a control character.
fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGH;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | equal(b'"') | equal(b'\\') == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn reference(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn agrees_with_serde_json_on_cases() {
        let cases = [
            "",
            " ",
            "1",
            "-",
            "-1",
            "01",
            "1.",
            "1.5",
            ".5",
            "1e",
            "1e5",
            "1E+5",
            "-0",
            "1 2",
            "true",
            "tru",
            "nul",
            "null ",
            "\"",
            "\"a\"",
            "\"\\\"",
            "\"\\u12\"",
            "\"\\u12aG\"",
            "\"\\uD800\"",
            "\"\n\"",
            "[]",
            "[1,]",
            "[,1]",
            "[1,2]",
            "[[],[]]",
            "[}",
            "{]",
            "{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "]",
            "{\"a\":1,\"b\":[{}]}",
            "{a:1}",
            "[1 2]",
            "[\"a\" ,\n{ \"b\" : null } ]",
            "[1]]",
            "\"é€😀\"",
            "-a",
            "\"12345678\\n12345678\"",
            "\"1234567\u{1f}\"",
            "[\"\\/\"]",
            "1e999",
            "\u{feff}1",
            "'a'",
            "[-]",
        ];
        for case in cases {
            assert_eq!(is_valid(case), reference(case), "{case:?}");
        }
    }

    #[test]
    fn limits_the_depth() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_valid(&nested(127)));
        assert!(!is_valid(&nested(128)));
        assert!(!is_valid(&nested(1_000_000)));
        assert!(!is_valid(&"{\"a\":".repeat(100_000)));
    }

    #[test]
    fn measures_strings() {
        assert_eq!(string_length(r#""abc",1"#), Some(5));
        assert_eq!(string_length(r#""a\"c",1"#), Some(6));
        assert_eq!(string_length(r#""abc"#), None);
        assert_eq!(string_length("1"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_noise(text in r#"[\[\]{}",:0-9eE+\-. \\untrfalsé\x01-]{0,24}"#) {
            prop_assert_eq!(is_valid(&text), reference(&text));
        }

        #[test]
        fn agrees_with_serde_json_on_changed_json(
            text in r#"(\{"[a-z\\é"]{0,12}":(\[1,"[^x]{0,20}",-2\.5e3\]|null|true)(,"b":\{\})?\}){1,2}"#,
            at in any::<prop::sample::Index>(),
            with in r#"[\[\]{}",:0-9\\ ]?"#,
        ) {
            prop_assert_eq!(is_valid(&text), reference(&text));
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len());
            let changed: String =
                chars[..at].iter().chain(with.chars().collect::<Vec<_>>().iter()).chain(&chars[at + 1..]).collect();
            prop_assert_eq!(is_valid(&changed), reference(&changed));
        }
    }
}
