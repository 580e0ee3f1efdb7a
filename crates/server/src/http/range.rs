//! Parts of files (RFC 9110, 14).

/// Which part is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole; also where the header is not understood, or names several parts.
    All,
    /// Both ends included.
    Part { from: u64, to: u64 },
    /// A part that is not there.
    Nothing,
}

/// What a `Range` asks for, of so many bytes.
pub(super) fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some((from, to)) = range.and_then(parse) else { return Wanted::All };
    match (from, to) {
        (Some(from), Some(to)) if to < from => Wanted::All,
        (Some(from), _) if from >= size => Wanted::Nothing,
        (Some(from), to) => Wanted::Part { from, to: to.unwrap_or(u64::MAX).min(size - 1) },
        // `bytes=-500` asks for the last 500 bytes.
        (None, Some(0)) => Wanted::Nothing,
        (None, Some(_)) if size == 0 => Wanted::Nothing,
        (None, Some(count)) => Wanted::Part { from: size.saturating_sub(count), to: size - 1 },
        (None, None) => Wanted::All,
    }
}

fn parse(range: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = range.split_once('=')?;
    let (from, to) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |text: &str| match text {
        "" => Some(None),
        // Digits only: `parse` would accept a sign, too.
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    };
    Some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part() {
        let part = |from, to| Wanted::Part { from, to };
        for (range, found) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=9-99", part(9, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("bytes", Wanted::All),
        ] {
            assert_eq!(wanted(Some(range), 10), found, "{range}");
        }
        assert_eq!(wanted(None, 10), Wanted::All);
        assert_eq!(
            (wanted(Some("bytes=0-"), 0), wanted(Some("bytes=-1"), 0)),
            (Wanted::Nothing, Wanted::Nothing)
        );
    }
}
