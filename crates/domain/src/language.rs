//! Languages in which people are written to.

/// A language that the server and the web client speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Arabic.
    Arabic,
    /// English.
    #[default]
    English,
    /// French.
    French,
    /// German.
    German,
    /// Japanese.
    Japanese,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Arabic, Self::English, Self::French, Self::German, Self::Japanese, Self::Spanish];

    /// The tag of the language (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Japanese => "ja",
            Self::Spanish => "es",
        }
    }

    /// The language with this tag, or with the tag that it begins with, such as `de-AT`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that somebody would like best, by the header `Accept-Language` (RFC 9110, 12.5.4); English if it
    /// names none of them.
    pub fn accepted(header: &str) -> Self {
        /// A header has a few languages; more are not looked at.
        const MOST: usize = 20;
        let wanted = header.split(',').take(MOST).filter_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let language = Self::of_tag(parts.next()?)?;
            let weight =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
            Some((language, weight)).filter(|(_, weight): &(_, f32)| *weight > 0.0)
        });
        // Of two that are wanted as much, the first.
        let best = wanted.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or_else(Self::default, |(language, _)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_taken() {
        for (header, language) in [
            ("", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("pt-BR, pt;q=0.9, es;q=0.5, en;q=0.4", Language::Spanish),
            ("en;q=0.1, JA-jp", Language::Japanese),
            ("fr;q=0, xx", Language::English),
            ("*;q=0.5, ;;, ar;q=x, fr; q=0.3", Language::French),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
