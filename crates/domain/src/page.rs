//! Pages of a list. Where the next one begins is a word that means nothing to clients, who hand it back.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use protocol::Code;

use crate::error::Error;
use crate::store::Position;

/// Leaves a page of what was read with one more than that; gives the last of it, if there is another page.
pub(crate) fn cut<T>(found: &mut Vec<T>, page: usize) -> Option<&T> {
    let more = found.len() > page;
    found.truncate(page);
    found.last().filter(|_| more)
}

/// The `next` for a place in a list.
pub(crate) fn encode(place: impl AsRef<[u8]>) -> String {
    BASE64URL.encode(place)
}

/// The place of a `next`, if there is one.
pub(crate) fn decode<T>(
    next: Option<&str>,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(next) = next else { return Ok(None) };
    let place = BASE64URL.decode(next).ok().and_then(|place| read(&place));
    let invalid =
        || Error::new(Code::CursorInvalid, "Use the `next` of the last page as it was.").about("next");
    place.map(Some).ok_or_else(invalid)
}

/// The `next` for a place in a list by position.
pub(crate) fn encode_position(position: Position) -> String {
    encode(position.0.to_be_bytes())
}

/// As [`decode`], of a list by position.
pub(crate) fn decode_position(next: Option<&str>) -> Result<Option<Position>, Error> {
    decode(next, |place| Some(Position(u64::from_be_bytes(place.try_into().ok()?))))
}
